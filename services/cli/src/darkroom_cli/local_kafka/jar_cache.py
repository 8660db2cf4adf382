"""The jars of Apache Kafka: which they are, where they are kept, and that they are the right ones."""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import platformdirs

from darkroom.checksums import sha256_of
from darkroom.errors import DarkroomError
from darkroom_cli.local_kafka.file_lock import locked

KAFKA_VERSION = "4.3.1"

_DOWNLOAD_DEADLINE_S = 900.0


@dataclass(frozen=True)
class Jar:
    """One Maven artifact, pinned by the sha256 of its file."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def filename(self) -> str:
        """The file's name, as Maven repositories have it."""
        return f"{self.artifact}-{self.version}.jar"

    def is_at(self, path: Path) -> bool:
        """Whether the file at `path` is there, and is this jar to the byte."""
        try:
            return sha256_of(path) == self.sha256
        except FileNotFoundError:
            return False


def pinned_jars() -> tuple[Jar, ...]:
    """Kafka and its runtime dependencies as Maven resolves them: lines of `group:artifact:version sha256`."""
    listing = files("darkroom_cli.local_kafka").joinpath(f"jars-{KAFKA_VERSION}.txt").read_text(encoding="utf-8")
    return tuple(Jar(*line.replace(":", " ").split()) for line in listing.splitlines())


def cache_folder() -> Path:
    """Where the jars are kept: the user's cache folder, shared by all checkouts and processes."""
    return platformdirs.user_cache_path("darkroom") / f"kafka-{KAFKA_VERSION}"


def ensure_jars(folder: Path | None = None) -> tuple[Path, ...]:
    """The jars' paths, downloaded first where they are missing or damaged. Safe in many processes at a time.

    Raises:
        DarkroomError: Maven Central can't be reached, or the folder can't be written.
    """
    folder = folder or cache_folder()
    jars = pinned_jars()
    try:
        if _missing(jars, folder):
            folder.mkdir(parents=True, exist_ok=True)
            with locked(folder / "lock", _DOWNLOAD_DEADLINE_S):
                _download(_missing(jars, folder), folder)
    except OSError as error:
        raise DarkroomError(
            f"cannot use the cache folder {folder}: {error.strerror or error}: "
            "make it writable, or name another one with XDG_CACHE_HOME"
        ) from error
    return tuple(folder / jar.filename for jar in jars)


def _missing(jars: tuple[Jar, ...], folder: Path) -> tuple[Jar, ...]:
    return tuple(jar for jar in jars if not jar.is_at(folder / jar.filename))


def _download(jars: tuple[Jar, ...], folder: Path) -> None:
    if jars:
        # jgo and its HTTP stack take 0.4 s to import, which only the first start on a machine has to pay.
        from darkroom_cli.local_kafka.download import download  # noqa: PLC0415

        download(jars, folder)
