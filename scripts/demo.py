"""The demo: run `darkroom up` with the samples, submit their images over HTTP, print the results and draw them.

Exit code 0 only if every image was analysed by every stage.
"""

import argparse
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from darkroom.errors import DarkroomError
from darkroom_cli.client.image_files import image_files
from darkroom_cli.client.pipelines import choose
from darkroom_cli.client.service import Document, Service
from darkroom_cli.client.submission import Sent, Submission, submit
from darkroom_cli.views.outcome import outcome

SAMPLES = Path("k8s/samples")
CLASSIFIED, DRAWN = "digits", ("objects", "text")
"""Pipelines of the samples: one with a table of labels, and those whose results are drawn."""
DARKROOM = Path(sys.executable).with_name("darkroom")
PARALLEL = 4
READY_WITHIN_S = 300.0
RESULTS_WITHIN_S = 60.0
STOPPED_WITHIN_S = 60.0


@dataclass(frozen=True)
class Shown:
    """The outcomes of a pipeline's images, by file name; `took_s` is the time for all of them, in seconds."""

    sent: Sequence[Sent]
    took_s: float

    @property
    def missing(self) -> int:
        """The number of images that were not analysed by every stage."""
        return sum(image.state != "Analyzed" for image in self.sent)


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
        with tempfile.TemporaryDirectory(prefix="darkroom-demo-") as folder, pipelines(Path(folder)) as url:
            digits = send(url, CLASSIFIED, started)
            show_labels(digits)
            missing += digits.missing
            for name in DRAWN:
                shown = send(url, name)
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
def pipelines(folder: Path) -> Iterator[str]:
    """Run `darkroom up` with the samples during the block. Yields its URL once it is ready.

    Raises:
        DarkroomError: `darkroom up` did not become ready.
    """
    manifests = [str(SAMPLES / f"{name}.yaml") for name in (CLASSIFIED, *DRAWN)]
    command = [str(DARKROOM), "up", *manifests, "--port", "0", "--data-dir", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    # Reading from a pipe has no timeout, so a timer kills the process, which closes the pipe.
    too_late = threading.Timer(READY_WITHIN_S, process.kill)
    too_late.start()
    try:
        line = process.stdout.readline() if process.stdout else ""
        too_late.cancel()
        if not line.startswith("ready: "):
            raise DarkroomError("`darkroom up` did not become ready: see above")
        yield line.removeprefix("ready: ").strip()
    finally:
        too_late.cancel()
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOPPED_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()


def send(url: str, pipeline: str, started: float | None = None) -> Shown:
    """Send the sample images of a pipeline and wait for the results. Prints how long after `started` the first came."""
    images = image_files([SAMPLES / pipeline])
    print(f"Sending {len(images)} images to {url}, pipeline {pipeline}, {PARALLEL} at a time", flush=True)
    sent: list[Sent] = []
    began = time.monotonic()
    with Service(url, connections=PARALLEL) as service:
        submission = Submission(choose(service, pipeline), wait_s=RESULTS_WITHIN_S)
        for one in submit(service, submission, images, PARALLEL):
            if not sent and started is not None:
                print(f"first analysis after {time.monotonic() - started:.1f} s", flush=True)
            sent.append(one)
    return Shown(sorted(sent, key=lambda one: one.file.name), time.monotonic() - began)


def show_labels(shown: Shown) -> None:
    """Print the best label and the true one of each image, and the totals."""
    table = Table(box=None, header_style="bold")
    for column in ("image", "prediction"):
        table.add_column(column)
    table.add_column("score", justify="right")
    table.add_column("true label")
    table.add_column("ms", justify="right")
    right = 0
    for one in shown.sent:
        label, score = best(one)
        right += label == true_label(one.file)
        table.add_row(one.file.name, label, score, true_label(one.file), f"{one.seconds * 1000:.0f}")
    print_table(table)
    latencies_ms = [one.seconds * 1000 for one in shown.sent]
    percentiles = statistics.quantiles(latencies_ms, n=100, method="inclusive")
    print(f"accuracy {right / len(shown.sent):.1%} ({right} of {len(shown.sent)} right)")
    print(f"throughput {len(shown.sent) / shown.took_s:.0f} images/s, each analysed by every stage")
    print(f"latency p50 {percentiles[49]:.0f} ms, p99 {percentiles[98]:.0f} ms")


def show_results(shown: Shown) -> None:
    """Print what was found in each image, as `darkroom results` does."""
    table = Table(box=None, header_style="bold")
    for column in ("image", "found"):
        table.add_column(column)
    for one in shown.sent:
        found = [outcome(result) for result in results(one)] or [one.problem or one.state]
        table.add_row(one.file.name, ", ".join(found))
    print_table(table)


def draw_results(shown: Shown, folder: Path) -> None:
    """Save each image with its results drawn on it."""
    # OpenCV and NumPy: imported now, they do not delay the start.
    from darkroom_vision.drawing.picture import draw  # noqa: PLC0415

    folder.mkdir(parents=True, exist_ok=True)
    for one in shown.sent:
        for result in results(one):
            draw(one.file.read_bytes(), result).save(folder / f"{one.file.stem}.png")


def keep_running(url: str) -> None:
    """Wait for Ctrl-C."""
    print(f"web console: {url} (press Ctrl-C to stop everything)", flush=True)
    with suppress(KeyboardInterrupt):
        threading.Event().wait()


def print_table(table: Table) -> None:
    """Print `table`, without wrapping lines in a file."""
    Console(width=None if sys.stdout.isatty() else 120, highlight=False).print(table)


def results(one: Sent) -> list[Document]:
    """The results of all stages."""
    return list((one.document or {}).get("results", []))


def best(one: Sent) -> tuple[str, str]:
    """The label and the score of the best prediction, else the problem."""
    for result in results(one):
        for prediction in result.get("predictions") or []:
            return prediction["label"], f"{prediction['score']:.3f}"
    return one.problem or one.state, ""


def true_label(file: Path) -> str:
    """The label in the file's name, such as `digit-0042-label-seven.png`."""
    return file.stem.rpartition("-")[2]


if __name__ == "__main__":
    sys.exit(main())
