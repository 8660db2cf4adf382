"""A stage without Kafka, one thread per core: `python -m benchmarks.worker.programs.bare`, started by the benchmark."""

import argparse
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.worker.images import read_images
from benchmarks.worker.rate import Rate
from darkroom_inference.process.settings import read_settings
from darkroom_vision.analyse import Analyser
from darkroom_vision.imaging.opencv import configure_opencv
from darkroom_vision.stage import load_stage

_WARM_UP_S = 0.3


def main() -> None:
    """Analyse images in `settings.loops` threads, and print the rate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--settings", type=Path, required=True)
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    options = parser.parse_args()
    configure_opencv()
    settings = read_settings(options.settings)
    images = read_images(options.images)
    stage = load_stage(settings, threads=settings.loops)
    together = threading.Barrier(settings.loops)

    def work(_loop: int) -> Rate:
        analyser = Analyser(stage)
        _analyse(analyser, images, _WARM_UP_S)
        together.wait()
        return _analyse(analyser, images, options.seconds)

    with ThreadPoolExecutor(settings.loops) as pool:
        rates = list(pool.map(work, range(settings.loops)))
    total = Rate(
        images=sum(rate.images for rate in rates),
        seconds=sum(rate.seconds for rate in rates) / len(rates),
        cpu_seconds=sum(rate.cpu_seconds for rate in rates),
    )
    print(total.model_dump_json())


def _analyse(analyser: Analyser, images: list[bytes], seconds: float) -> Rate:
    """Analyse the images over and over. Counts the processor time of this thread."""
    began, cpu_began, done = time.monotonic(), time.thread_time(), 0
    while (passed := time.monotonic() - began) < seconds:
        analyser.analyse(images[done % len(images)])
        done += 1
    return Rate(images=done, seconds=passed, cpu_seconds=time.thread_time() - cpu_began)


if __name__ == "__main__":
    main()
