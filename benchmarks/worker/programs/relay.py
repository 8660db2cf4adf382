"""Consuming images and producing results, and nothing else: `python -m benchmarks.worker.programs.relay`.

The least that any worker with this client has to do: the worker's client settings and number of threads, batches of
messages, offsets committed once a second without waiting.
"""

import argparse
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from confluent_kafka import Consumer

from benchmarks.worker.images import read_images
from benchmarks.worker.rate import Rate
from darkroom.events import ModelUsed
from darkroom.stage_settings import StageSettings
from darkroom_inference.kafka import clients
from darkroom_inference.process.settings import read_settings
from darkroom_inference.records.image import ImageRecord
from darkroom_inference.records.outgoing import Outgoing
from darkroom_inference.records.result import Results
from darkroom_vision.analyse import Analyser, Failure
from darkroom_vision.stage import load_stage

_BATCH = 64
_COMMIT_S = 1.0
_MOST_UNSENT = 1_000
_WAIT_S = 0.001
_WARM_UP = 500
_DEADLINE_S = 60.0
_LOOK_S = 0.05
_ENOUGH = 0.9


def main() -> None:
    """Relay images in `settings.loops` threads, and print the rate."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--settings", type=Path, required=True)
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--waiting", type=int, required=True, help="how many images the topic has")
    options = parser.parse_args()
    settings = read_settings(options.settings)
    example = result_of(settings, read_images(options.images)[0])
    counts = [0] * settings.loops
    ended = threading.Event()
    with ThreadPoolExecutor(settings.loops) as pool:
        relays = [pool.submit(relay, number, settings, example, counts, ended) for number in range(settings.loops)]
        try:
            rate = _rate(counts, options.seconds, options.waiting)
        finally:
            ended.set()
    for done in relays:
        done.result()
    print(rate.model_dump_json())


def result_of(settings: StageSettings, image: bytes) -> Outgoing:
    """The record that a worker publishes for `image`."""
    stage = load_stage(settings)
    analysis = Analyser(stage).analyse(image)
    if isinstance(analysis, Failure):
        raise SystemExit(analysis.message)
    record = ImageRecord(settings.images_topic, 0, 0, b"0", image, [], int(time.time() * 1000))
    results = Results(settings, ModelUsed(name=stage.model.name, sha256=stage.model.sha256))
    return results.record(record, analysis)


def relay(number: int, settings: StageSettings, example: Outgoing, counts: list[int], ended: threading.Event) -> None:
    """Consume and produce until `ended`. Counts the acknowledged records in `counts[number]`."""
    consumer = _consumer(number, settings)
    producer = clients.producer(settings, f"relay-{number}", None, lambda _error: None)
    consumer.subscribe([settings.images_topic])
    produced, committed_at = 0, time.monotonic()
    while not ended.is_set():
        messages = consumer.consume(_BATCH, 0.2)
        for message in messages:
            if message.error() is None and message.value():
                producer.produce(example.topic, example.value, message.key(), headers=[*example.headers])
        produced += len(messages)
        producer.poll(0)
        while len(producer) > _MOST_UNSENT:
            producer.poll(_WAIT_S)
        counts[number] = produced - len(producer)
        if messages and time.monotonic() - committed_at >= _COMMIT_S:
            consumer.commit(offsets=consumer.position(consumer.assignment()), asynchronous=True)
            committed_at = time.monotonic()
    producer.flush()
    consumer.close()


def _consumer(number: int, settings: StageSettings) -> Consumer:
    return clients.consumer(settings, f"relay-{number}", "consumer", lambda _error: None, lambda _statistics: None)


def _rate(counts: list[int], seconds: float, waiting: int) -> Rate:
    """The rate of the whole process, from the first images until `seconds` later or until few images are left."""
    deadline = time.monotonic() + _DEADLINE_S
    while sum(counts) < _WARM_UP:
        if time.monotonic() > deadline:
            raise SystemExit("no images")
        time.sleep(_LOOK_S)
    began, cpu_began, done = time.monotonic(), time.process_time(), sum(counts)
    while time.monotonic() < began + seconds and sum(counts) < _ENOUGH * waiting:
        time.sleep(_LOOK_S)
    return Rate(
        images=sum(counts) - done, seconds=time.monotonic() - began, cpu_seconds=time.process_time() - cpu_began
    )


if __name__ == "__main__":
    main()
