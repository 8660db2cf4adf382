"""The demo: run `darkroom up`, submit real images over HTTP, and print their analyses in a table.

Exit code 0 only if every image was analysed by every stage.
"""

import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

from darkroom.errors import DarkroomError
from darkroom_cli.client.image_files import image_files
from darkroom_cli.client.pipelines import choose
from darkroom_cli.client.service import Service
from darkroom_cli.client.submission import Sent, Submission, submit

SAMPLES = Path("k8s/samples")
DARKROOM = Path(sys.executable).with_name("darkroom")
PARALLEL = 4
READY_WITHIN_S = 300.0
RESULTS_WITHIN_S = 60.0
STOPPED_WITHIN_S = 60.0


def main() -> int:
    """Run the demo. Returns the exit code."""
    started = time.monotonic()
    images = image_files([SAMPLES / "digits"])
    try:
        with tempfile.TemporaryDirectory(prefix="darkroom-demo-") as folder, pipeline(Path(folder)) as url:
            print(f"Sending {len(images)} images to {url}, {PARALLEL} at a time", flush=True)
            began = time.monotonic()
            sent, first_after_s = send(url, images, started)
            took_s = time.monotonic() - began
            show(sent, took_s)
    except DarkroomError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    analysed = sum(image.state == "Analyzed" for image in sent)
    print(f"first analysis after {first_after_s:.1f} s, all after {began + took_s - started:.1f} s", end="")
    print(f", everything stopped after {time.monotonic() - started:.1f} s")
    if analysed < len(images):
        print(
            f"demo: {len(images) - analysed} of {len(images)} images were not analysed by every stage", file=sys.stderr
        )
    return 0 if analysed == len(images) else 1


@contextmanager
def pipeline(folder: Path) -> Iterator[str]:
    """Run `darkroom up` with the sample pipeline during the block. Yields its URL once it is ready.

    Raises:
        DarkroomError: `darkroom up` did not become ready.
    """
    command = [str(DARKROOM), "up", str(SAMPLES / "digits.yaml"), "--port", "0", "--data-dir", str(folder)]
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


def send(url: str, images: Sequence[Path], started: float) -> tuple[list[Sent], float]:
    """Send all images and wait for the results. Returns the outcomes, and the seconds from `started` to the first."""
    sent: list[Sent] = []
    first_after_s = float("nan")
    with Service(url, connections=PARALLEL) as service:
        submission = Submission(choose(service, None), wait_s=RESULTS_WITHIN_S)
        for outcome in submit(service, submission, images, PARALLEL):
            if not sent:
                first_after_s = time.monotonic() - started
            sent.append(outcome)
    return sorted(sent, key=lambda outcome: outcome.file.name), first_after_s


def show(sent: Sequence[Sent], took_s: float) -> None:
    """Print the table and its totals."""
    table = Table(box=None, header_style="bold")
    for column in ("image", "prediction"):
        table.add_column(column)
    table.add_column("score", justify="right")
    table.add_column("true label")
    table.add_column("ms", justify="right")
    right = 0
    for outcome in sent:
        label, score = best(outcome)
        right += label == true_label(outcome.file)
        table.add_row(outcome.file.name, label, score, true_label(outcome.file), f"{outcome.seconds * 1000:.0f}")
    Console(width=None if sys.stdout.isatty() else 120, highlight=False).print(table)
    latencies_ms = [outcome.seconds * 1000 for outcome in sent]
    percentiles = statistics.quantiles(latencies_ms, n=100, method="inclusive")
    print(f"accuracy {right / len(sent):.1%} ({right} of {len(sent)} right)")
    print(f"throughput {len(sent) / took_s:.0f} images/s, each analysed by every stage")
    print(f"latency p50 {percentiles[49]:.0f} ms, p99 {percentiles[98]:.0f} ms")


def best(sent: Sent) -> tuple[str, str]:
    """The label and the score of the best prediction, else the problem."""
    for result in (sent.document or {}).get("results", []):
        for prediction in result.get("predictions") or []:
            return prediction["label"], f"{prediction['score']:.3f}"
    return sent.problem or sent.state, ""


def true_label(file: Path) -> str:
    """The label in the file's name, such as `digit-0042-label-seven.png`."""
    return file.stem.rpartition("-")[2]


if __name__ == "__main__":
    sys.exit(main())
