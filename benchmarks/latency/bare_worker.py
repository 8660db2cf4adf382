"""A bare worker: consume, analyse, produce, wait for the acknowledgements, commit.

`python -m benchmarks.latency.bare_worker`, started by the benchmark. It has a worker's clients, threads and libraries,
and no marks, dead letters, events or metrics.
"""

import argparse
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pydantic_core import to_json

from darkroom.stage_settings import StageSettings
from darkroom_inference.kafka import clients
from darkroom_inference.process.settings import read_settings
from darkroom_vision.analyse import Analyser, Failure, LoadedStage
from darkroom_vision.imaging.opencv import configure_opencv
from darkroom_vision.stage import load_stage

WORKING = "all threads have partitions"

_BATCH = 64
_COMMIT_S = 0.1
_WAIT_S = 0.2
_ASSIGNED_POLL_S = 0.05


def main() -> None:
    """Work in `settings.loops` threads until the process is ended."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--settings", type=Path, required=True)
    settings = read_settings(parser.parse_args().settings)
    configure_opencv()
    stage = load_stage(settings, threads=settings.loops)
    assigned: set[int] = set()
    working = threading.Barrier(settings.loops, lambda: print(WORKING, flush=True))
    with ThreadPoolExecutor(settings.loops) as pool:
        loops = [pool.submit(_work, n, settings, stage, assigned, working) for n in range(settings.loops)]
        for loop in loops:
            loop.result()


def _work(
    number: int, settings: StageSettings, stage: LoadedStage, assigned: set[int], working: threading.Barrier
) -> None:
    name = f"bare-{number}"
    consumer = clients.consumer(settings, name, "consumer", lambda _error: None, lambda _statistics: None)
    producer = clients.producer(settings, name, None, lambda _error: None)
    analyser = Analyser(stage)
    consumer.subscribe([settings.images_topic])
    # There are no images yet. A consumer that did not poll would keep partitions that another one is to have.
    while len(assigned) < settings.loops:
        consumer.poll(_ASSIGNED_POLL_S)
        if consumer.assignment():
            assigned.add(number)
    working.wait()
    committed_at = time.monotonic()
    while True:
        first = consumer.poll(_WAIT_S)
        messages = [] if first is None else [first, *consumer.consume(_BATCH - 1, 0)]
        for message in messages:
            image, key = message.value(), message.key()
            if message.error() is None and image is not None and key is not None:
                analysis = analyser.analyse(image)
                if isinstance(analysis, Failure):
                    raise SystemExit(analysis.message)
                result = to_json({"imageId": key.hex(), **analysis.result})
                producer.produce(settings.results_topic, result, key)
        producer.flush()
        if messages and time.monotonic() - committed_at >= _COMMIT_S:
            consumer.commit(offsets=consumer.position(consumer.assignment()), asynchronous=True)
            committed_at = time.monotonic()


if __name__ == "__main__":
    main()
