"""A burst of images into `darkroom up` with a stage that has no workers: what is answered, and in which order."""

import json
import re
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition

from benchmarks.worker.images import samples
from darkroom.api.validation import parse_pipeline
from darkroom.processes.parent_death import ending_with_us
from darkroom.topology import topology
from darkroom_cli.runner.state_folder import StateFolder

_SAMPLE: Final = Path(__file__).parents[2] / "k8s" / "samples" / "digits.yaml"
_KEYS: Final = 60
_TIMEOUT_S: Final = 420.0
_CHANGE: Final = re.compile(r"(\d+) -> (\d+) worker\(s\) \((\w+):")


@dataclass(frozen=True)
class Burst:
    """What became of a burst.

    Attributes:
        images: number of images sent.
        first_answer_s: seconds from the first image to the first result.
        all_answers_s: seconds from the first image to the last result.
        lost: images without a result.
        repeated: results beyond one for each image.
        keys_out_of_order: keys whose images were first answered in another order than they were sent.
        changes: numbers of workers after each change, with its reason.
        zero_after_s: seconds from the last result until there were no workers; None if that was not waited for.
    """

    images: int
    first_answer_s: float
    all_answers_s: float
    lost: int
    repeated: int
    keys_out_of_order: int
    changes: list[tuple[int, str]]
    zero_after_s: float | None


def burst(images: int, workers: int, folder: Path, *, back_to_zero: bool) -> Burst:
    """Run `darkroom up` with at most `workers` workers, and send it a burst.

    Raises:
        TimeoutError: images are not answered, or workers not stopped, in time.
    """
    manifest = _manifest(folder, workers)
    with _up(manifest, workers, folder) as log:
        servers = StateFolder(folder / "data").known_settings()[0].kafka.bootstrap_servers
        with _results(servers, manifest) as results, ThreadPoolExecutor(1) as sender:
            started = time.monotonic()
            sending = sender.submit(_send, servers, images)
            first = _first_answers(results, images, started)
            sending.result()
            answered = time.monotonic()
            zero = _until_zero(log) - answered if back_to_zero else None
        changes = [(int(after), reason) for _, after, reason in _CHANGE.findall(log.read_text(encoding="utf-8"))]
    return Burst(
        images=images,
        first_answer_s=first.first_s,
        all_answers_s=answered - started,
        lost=images - len(first.positions),
        repeated=first.repeated,
        keys_out_of_order=first.keys_out_of_order,
        changes=changes,
        zero_after_s=zero,
    )


def _manifest(folder: Path, workers: int) -> Path:
    """The sample with one stage that has autoscaling."""
    documents = list(yaml.safe_load_all(_SAMPLE.read_text(encoding="utf-8")))
    pipeline = next(document for document in documents if document["kind"] == "ImagePipeline")
    stage = next(stage for stage in pipeline["spec"]["stages"] if stage["name"] == "classify")
    stage["autoscaling"] = {"max": workers, "drainTarget": "5s", "scaleDownDelay": "15s", "scaleToZeroAfter": "30s"}
    pipeline["spec"]["stages"] = [stage]
    file = folder / "pipeline.yaml"
    file.write_text(yaml.safe_dump_all(documents), encoding="utf-8")
    return file


@contextmanager
def _up(manifest: Path, workers: int, folder: Path) -> Iterator[Path]:
    """`darkroom up` until the end of the block. Yields the file of what it says."""
    log = folder / "up.log"
    arguments = ["up", str(manifest), "--port", "0", "--data-dir", str(folder / "data"), "--workers", str(workers)]
    with log.open("wb") as said:
        process = subprocess.Popen(
            ending_with_us([sys.executable, "-m", "darkroom_cli", *arguments]),
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        )
        try:
            if process.stdout is None or not process.stdout.readline().startswith("ready: "):
                raise RuntimeError(f"darkroom up did not start: {log.read_text(encoding='utf-8')}")
            yield log
        finally:
            process.terminate()
            process.wait(60)


def _send(servers: str, images: int) -> None:
    """Publish the images, as a program without Darkroom would, and wait until Kafka has all."""
    files = samples()
    producer = Producer({"bootstrap.servers": servers, "acks": "all", "enable.idempotence": True, "linger.ms": 5})
    for number in range(images):
        producer.produce("demo.digits.images", files[number % len(files)], key=f"key-{number % _KEYS}")
        producer.poll(0)
    producer.flush(_TIMEOUT_S)


@contextmanager
def _results(servers: str, manifest: Path) -> Iterator[Consumer]:
    """A consumer of all results."""
    documents = yaml.safe_load_all(manifest.read_text(encoding="utf-8"))
    pipeline = parse_pipeline(next(document for document in documents if document["kind"] == "ImagePipeline"))
    topic = topology(pipeline).stages[0].results
    consumer = Consumer({"bootstrap.servers": servers, "group.id": "benchmark", "enable.auto.commit": False})
    consumer.assign([TopicPartition(topic.name, number, OFFSET_BEGINNING) for number in range(topic.partitions)])
    try:
        yield consumer
    finally:
        consumer.close()


@dataclass
class _Answers:
    first_s: float = 0.0
    repeated: int = 0

    def __post_init__(self) -> None:
        self.positions: set[tuple[int, int]] = set()
        self._last: dict[bytes, int] = defaultdict(lambda: -1)
        self._out_of_order: set[bytes] = set()

    @property
    def keys_out_of_order(self) -> int:
        return len(self._out_of_order)

    def add(self, key: bytes, source: dict[str, Any]) -> None:
        position = (source["partition"], source["offset"])
        if position in self.positions:
            self.repeated += 1
            return
        self.positions.add(position)
        if position[1] < self._last[key]:
            self._out_of_order.add(key)
        self._last[key] = position[1]


def _first_answers(results: Consumer, images: int, started: float) -> _Answers:
    answers = _Answers()
    deadline = started + _TIMEOUT_S
    while len(answers.positions) < images:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{len(answers.positions)} of {images} images answered within {_TIMEOUT_S:.0f} s")
        for record in results.consume(500, timeout=0.2):
            if record.error() is None:
                answers.first_s = answers.first_s or time.monotonic() - started
                answers.add(record.key() or b"", json.loads(record.value() or b"")["source"])
    return answers


def _until_zero(log: Path) -> float:
    """Wait until `darkroom up` says that there are no workers. Returns the time."""
    deadline = time.monotonic() + _TIMEOUT_S
    while time.monotonic() < deadline:
        changes = _CHANGE.findall(log.read_text(encoding="utf-8"))
        if changes and changes[-1][1] == "0":
            return time.monotonic()
        time.sleep(0.5)
    raise TimeoutError(f"there are workers after {_TIMEOUT_S:.0f} s")
