"""Downloads jars from Maven Central: in parallel, verified, with retries and progress on stderr.

jgo has the address of Maven Central, supports proxy variables, and reads a mirror from its settings file
(`[repositories]`, `central = …`).
"""

import random
import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Self

from jgo.config import GlobalSettings
from jgo.maven import MavenContext
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from darkroom.errors import DarkroomError
from darkroom_cli.local_kafka.jars import KAFKA_VERSION, Jar

_PARALLEL = 4
_ATTEMPTS = 4
FIRST_PAUSE_S = 0.5
_HTTP_TIMEOUT_S = 20
_LINE_EVERY = 10


def download(jars: tuple[Jar, ...], folder: Path, *, first_pause_s: float = FIRST_PAUSE_S) -> None:
    """Download the jars into `folder`. After a failure, complete jars are kept for the next attempt.

    The pause after a failed attempt begins with `first_pause_s` and doubles.

    Raises:
        DarkroomError: A jar could not be downloaded after several attempts.
        OSError: The folder can't be written.
    """
    console = Console(stderr=True)
    repositories = GlobalSettings.load().repositories
    given_up = threading.Event()
    pool = ThreadPoolExecutor(_PARALLEL, thread_name_prefix="jar")
    try:
        pauses_s = [first_pause_s * 2**attempt for attempt in range(_ATTEMPTS - 1)]
        arrivals = [
            pool.submit(_fetch_with_retries, jar, folder, repositories, console.print, given_up, pauses_s)
            for jar in jars
        ]
        with _Progress(console, len(jars)) as progress:
            for arrival in as_completed(arrivals):
                arrival.result()
                progress.advance()
    finally:
        given_up.set()
        pool.shutdown(cancel_futures=True)


class _Progress:
    """Progress: a bar on a terminal, else an occasional line."""

    def __init__(self, console: Console, total: int) -> None:
        self._console = console
        self._total = total
        self._done = 0
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._bar = Progress(*columns, console=console, disable=not console.is_terminal)
        self._task = self._bar.add_task(f"Downloading Kafka {KAFKA_VERSION} (44 MB, once)", total=total)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def advance(self) -> None:
        self._done += 1
        self._bar.advance(self._task)
        if not self._console.is_terminal and (self._done % _LINE_EVERY == 0 or self._done == self._total):
            self._console.print(f"Downloading Kafka {KAFKA_VERSION}: {self._done} of {self._total} jars")


def _fetch_with_retries(
    jar: Jar,
    folder: Path,
    repositories: dict[str, str],
    say: Callable[[str], None],
    given_up: threading.Event,
    pauses_s: Sequence[float],
) -> None:
    for pause_s in [*pauses_s, None]:
        try:
            _fetch(jar, folder, repositories)
        except (OSError, RuntimeError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # an error of the disk, not of the network, for which requests sets no errno
            if pause_s is None or given_up.is_set():
                raise DarkroomError(
                    f"cannot download Kafka {KAFKA_VERSION} from Maven Central: {jar.filename}: {_root_cause(error)}: "
                    "check network and proxy, or use a running Kafka with --bootstrap-servers HOST:PORT"
                ) from error
            say(f"{jar.filename}: {_root_cause(error)}; retrying")
            given_up.wait(pause_s * random.uniform(1, 1.5))
        else:
            return


def _fetch(jar: Jar, folder: Path, repositories: dict[str, str]) -> None:
    """One attempt, in a temporary folder inside `folder`, so that the final rename is atomic."""
    with tempfile.TemporaryDirectory(prefix="download-", dir=folder) as staging:
        context = MavenContext(repo_cache=Path(staging), timeout=_HTTP_TIMEOUT_S)
        context.remote_repos.update(repositories)
        arrived = context.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve()
        if not jar.is_at(arrived):
            raise RuntimeError(f"its sha256 is not the pinned {jar.sha256[:12]}…")
        arrived.replace(folder / jar.filename)


def _root_cause(error: BaseException) -> str:
    """The innermost cause, in one line: HTTP libraries wrap `Connection refused` four times."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return " ".join(str(error).split()) or type(error).__name__
