"""The images of the demo, and what its models found in them: sent, printed and drawn."""

import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from darkroom_cli.client.image_files import image_files
from darkroom_cli.client.pipelines import choose
from darkroom_cli.client.service import Document, Service
from darkroom_cli.client.submission import Sent, Submission, submit
from darkroom_cli.views.outcome import outcome

PARALLEL = 4
RESULTS_WITHIN_S = 60.0


@dataclass(frozen=True)
class Shown:
    """The outcomes of a pipeline's images, by file name; `took_s` is the time for all of them, in seconds."""

    sent: Sequence[Sent]
    took_s: float

    @property
    def missing(self) -> int:
        """The number of images that were not analysed by every stage."""
        return sum(image.state != "Analyzed" for image in self.sent)


def send(url: str, folder: Path, started: float | None = None) -> Shown:
    """Send the images of a folder to the pipeline of its name, and wait for the results.

    Prints how long after `started` the first came.
    """
    images = image_files([folder])
    print(f"Sending {len(images)} images to {url}, pipeline {folder.name}, {PARALLEL} at a time", flush=True)
    sent: list[Sent] = []
    began = time.monotonic()
    with Service(url, connections=PARALLEL) as service:
        submission = Submission(choose(service, folder.name), wait_s=RESULTS_WITHIN_S)
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
    # OpenCV and NumPy: imported now, they do not delay the first results.
    from darkroom_vision.drawing.picture import draw  # noqa: PLC0415

    folder.mkdir(parents=True, exist_ok=True)
    for one in shown.sent:
        for result in results(one):
            draw(one.file.read_bytes(), result).save(folder / f"{one.file.stem}.png")


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
