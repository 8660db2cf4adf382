"""Images per second of one worker with Kafka, beside what its parts and other consumers do: see the baselines below.

    python -m benchmarks.worker [--rounds 3] [--smoke]

Baselines, measured in turn with the worker, on the same images and cores:
- threads without Kafka: the stage alone (decode, pre-process, run the model, read its outputs), one thread per core.
  This is the bound cores / (t_decode + t_preprocess + t_inference).
- consume and produce: the worker's Kafka client alone, one thread per core: it consumes the images and produces records
  of a result's size. For a tiny model, the bound by CPU is 1 / (t_work + t_consume_and_produce).
- the naive consumer: Pillow, a session with default options, one message at a time.

By CPU: images per second of processor time of the process. By the clock: images per second, while the broker shares the
cores; with more than two cores, Kafka and the benchmark have cores of their own. Loops beyond the cores are simulated:
see programs/simulated.py.
"""

import argparse
import tempfile
from pathlib import Path

from benchmarks.measuring.command import parser_of, run
from benchmarks.measuring.machine import Machine
from benchmarks.measuring.report import Comparison, Figure, Report
from benchmarks.measuring.rounds import in_turn
from benchmarks.worker import comparisons
from benchmarks.worker.cores import Cores
from benchmarks.worker.curve import LOOPS, loops_curve, plot
from benchmarks.worker.images import photographs, samples, write_images
from benchmarks.worker.parts import parts_of
from benchmarks.worker.setup import Measurement, Seconds, Setup
from benchmarks.worker.stages import DELIVERIES, Images, create
from darkroom_cli.local_kafka import LocalKafka
from darkroom_vision.imaging.opencv import configure_opencv

SMALL, LARGE = "28x28", "640x480"
TINY_LIMITS = {SMALL: 0.60, LARGE: 0.85}
_WARM_UP_S = 4.0
_RELAY = 3
"""Consuming and producing alone is faster than the stage by less than this factor."""
_MOST_WAITING = {SMALL: 250_000, LARGE: 50_000}
_SMOKE_WAITING = 15_000


def main() -> None:
    """Measure and report."""
    run(parser_of(__doc__, rounds=3), measure)


def measure(options: argparse.Namespace, machine: Machine) -> Report:
    """Measure everything, or little of it for `options.smoke`."""
    configure_opencv()
    with tempfile.TemporaryDirectory() as name, LocalKafka() as kafka:
        folder = Path(name)
        kafka.start()
        topics = {
            size: create(size, images, write_images(images, folder / size), kafka.bootstrap_servers)
            for size, images in ((SMALL, samples()), (LARGE, photographs()))
        }
        if options.smoke:
            return _smoke(topics, folder, machine)
        return _full(topics, folder, machine, options)


def _full(topics: dict[str, Images], folder: Path, machine: Machine, options: argparse.Namespace) -> Report:
    seconds = Seconds(small=4, usual=6, program=3)
    cores = Cores.of_machine()
    parts = {
        (size, model): parts_of(topics[size].settings(model, loops=1), topics[size].images, 2).in_us
        for size, model in ((SMALL, "digits"), (LARGE, "digits"), (LARGE, "squeezenet"))
    }
    waiting = {
        size: _waiting(size, sum(parts[size, "digits"].values()), len(cores.measured), seconds) for size in topics
    }
    for size, images in topics.items():
        images.publish(waiting[size])
    setup = Setup(folder, cores, seconds, waiting)
    tiny = {f"tiny model, {size}": topics[size] for size in (SMALL, LARGE)}
    usual = {f"{model}, {LARGE}": model for model in ("squeezenet", "resnet50")}
    measurements: dict[str, Measurement] = {}
    for case, images in tiny.items():
        measurements |= _tiny(setup, case, images)
    for case, model in usual.items():
        measurements |= _usual(setup, case, topics[LARGE], model)
    naive = [*tiny, f"squeezenet, {LARGE}"]
    measurements[f"{naive[-1]}: naive"] = setup.naive(topics[LARGE], "squeezenet")
    rates = in_turn(measurements, options.rounds)
    curves = [loops_curve(setup, topics[LARGE], model, parts[LARGE, model]) for model in ("digits", "squeezenet")]
    return Report(
        benchmark="worker",
        machine=machine,
        comparisons=[
            *(row for case in usual for row in comparisons.with_usual_model(rates, case)),
            *(
                row
                for case, images in tiny.items()
                for row in comparisons.with_tiny_model(rates, case, TINY_LIMITS[images.name])
            ),
            *(comparisons.with_naive(rates, case) for case in naive),
        ],
        figures=[figure for curve in curves for figure in curve.figures()],
        plots=[plot(curves)],
        notes=[f"Loops beyond {setup.loops} are simulated: decoder, pre-processing and model sleep."],
    )


def _smoke(topics: dict[str, Images], folder: Path, machine: Machine) -> Report:
    images = topics[SMALL]
    images.publish(_SMOKE_WAITING)
    setup = Setup(folder, Cores.of_machine(), Seconds(0.2, 0.2, 0.2), {SMALL: _SMOKE_WAITING})
    case = f"tiny model, {SMALL}"
    measurements = _tiny(setup, case, images) | {f"{case}: ExactlyOnce": setup.worker(images, "digits", "exactly")}
    rates = in_turn(measurements, 1)
    parts = parts_of(images.settings("digits", loops=1), images.images, 0)
    curves = [loops_curve(setup, images, "digits", parts.in_us, loops=LOOPS[2:3])]
    rows: list[Comparison] = [
        *comparisons.with_usual_model(rates, case),
        *comparisons.with_tiny_model(rates, case, TINY_LIMITS[SMALL]),
        comparisons.with_naive(rates, case),
    ]
    figures: list[Figure] = curves[0].figures()
    return Report(
        benchmark="worker", machine=machine, smoke=True, comparisons=rows, figures=figures, plots=[plot(curves)]
    )


def _tiny(setup: Setup, case: str, images: Images) -> dict[str, Measurement]:
    return {
        f"{case}: bare": setup.bare(images, "digits"),
        f"{case}: AtLeastOnce": setup.worker(images, "digits"),
        f"{case}: consume and produce": setup.relay(images, "digits"),
        f"{case}: naive": setup.naive(images, "digits"),
    }


def _usual(setup: Setup, case: str, images: Images, model: str) -> dict[str, Measurement]:
    bare = {f"{case}: bare": setup.bare(images, model)}
    return bare | {f"{case}: {name}": setup.worker(images, model, suffix) for suffix, name in DELIVERIES.items()}


def _waiting(size: str, us: float, cores: int, seconds: Seconds) -> int:
    """Enough images for all measurements, if there is room for them."""
    return min(_MOST_WAITING[size], int(cores * _RELAY * 1e6 / us * (seconds.usual + _WARM_UP_S)))


if __name__ == "__main__":
    main()
