"""The demo: run `darkroom up` with the samples, submit their images over HTTP, print the results and draw them.

Exit code 0 only if every image was analysed by every stage.
"""

import argparse
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from darkroom.errors import DarkroomError

SAMPLES = Path("k8s/samples")
CLASSIFIED, DRAWN = "digits", ("objects", "text")
"""Pipelines of the samples: one with a table of labels, and those whose results are drawn."""
DARKROOM = Path(sys.executable).with_name("darkroom")
READY_WITHIN_S = 300.0
STOPPED_WITHIN_S = 60.0


def main() -> int:
    """Run the demo. Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--pictures",
        type=Path,
        default=Path("darkroom-demo"),
        help="folder for the drawn pictures (default: %(default)s)",
    )
    parser.add_argument(
        "--keep", action="store_true", help="leave everything running for the web console until Ctrl-C is pressed"
    )
    arguments = parser.parse_args()
    pictures: Path = arguments.pictures
    started = time.monotonic()
    missing = 0
    try:
        with tempfile.TemporaryDirectory(prefix="darkroom-demo-") as folder, pipelines(Path(folder)) as until_ready:
            # The client and Rich are imported while everything starts.
            from scripts.demo_results import draw_results, send, show_labels, show_results  # noqa: PLC0415

            url = until_ready()
            digits = send(url, SAMPLES / CLASSIFIED, started)
            show_labels(digits)
            missing += digits.missing
            for name in DRAWN:
                shown = send(url, SAMPLES / name)
                show_results(shown)
                draw_results(shown, pictures / name)
                missing += shown.missing
            all_after_s = time.monotonic() - started
            if arguments.keep:
                keep_running(url)
    except DarkroomError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    stopped = "" if arguments.keep else f", everything stopped after {time.monotonic() - started:.1f} s"
    print(f"all analysed after {all_after_s:.1f} s{stopped}")
    print(f"pictures with the results: {pictures.absolute()}")
    if missing:
        print(f"demo: {missing} images were not analysed by every stage", file=sys.stderr)
    return 1 if missing else 0


@contextmanager
def pipelines(folder: Path) -> Iterator[Callable[[], str]]:
    """Run `darkroom up` with the samples during the block. Yields a function that waits until it is ready.

    The function returns the URL, or raises a DarkroomError if `darkroom up` did not become ready.
    """
    manifests = [str(SAMPLES / f"{name}.yaml") for name in (CLASSIFIED, *DRAWN)]
    command = [str(DARKROOM), "up", *manifests, "--port", "0", "--data-dir", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    # Reading from a pipe has no timeout, so a timer kills the process, which closes the pipe.
    too_late = threading.Timer(READY_WITHIN_S, process.kill)
    too_late.start()

    def until_ready() -> str:
        line = process.stdout.readline() if process.stdout else ""
        too_late.cancel()
        if not line.startswith("ready: "):
            raise DarkroomError("`darkroom up` did not become ready: see above")
        return line.removeprefix("ready: ").strip()

    try:
        yield until_ready
    finally:
        too_late.cancel()
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOPPED_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()


def keep_running(url: str) -> None:
    """Wait for Ctrl-C."""
    print(f"web console: {url} (press Ctrl-C to stop everything)", flush=True)
    with suppress(KeyboardInterrupt):
        threading.Event().wait()


if __name__ == "__main__":
    sys.exit(main())
