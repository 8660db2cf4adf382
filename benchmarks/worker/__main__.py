"""Images per second of one worker with Kafka, beside what its parts and other consumers do: see the baselines below.

    python -m benchmarks.worker [--rounds 3] [--smoke] [--mlserver]

Baselines, measured in turn with the worker, on the same images and cores:
- threads without Kafka: the stage alone (decode, pre-process, run the model, read its outputs), one thread per core.
  This is the bound cores / (t_decode + t_preprocess + t_inference).
- consume and produce: the worker's Kafka client alone, one thread per core: it consumes the images and produces records
  of a result's size. For a tiny model, the bound by CPU is 1 / (t_work + t_consume_and_produce).
- not traced: the worker beside itself with spans of 1 % of the images, which a collector takes and drops.
- the naive consumer: Pillow, a session with default options, one message at a time.
- MLServer on its Kafka path, with --mlserver: it is installed into an environment of its own in the user's cache.

By CPU: images per second of processor time of the process. By the clock: images per second, while the broker shares the
cores; with more than two cores, Kafka and the benchmark have cores of their own. Loops beyond the cores are simulated:
see programs/simulated.py.
"""

import argparse
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks.measuring.collector import collector
from benchmarks.measuring.command import parser_of, run
from benchmarks.measuring.machine import Machine
from benchmarks.measuring.report import Comparison, Figure, Report
from benchmarks.measuring.rounds import in_turn
from benchmarks.worker import comparisons
from benchmarks.worker.cores import Cores
from benchmarks.worker.curve import LOOPS, loops_curve, plot
from benchmarks.worker.images import photographs, samples, write_images
from benchmarks.worker.mlserver.environment import NotInstalled, mlserver_python
from benchmarks.worker.parts import parts_of
from benchmarks.worker.setup import Measurement, Seconds, Setup
from benchmarks.worker.stages import DELIVERIES, Images, create
from darkroom_cli.local_kafka import LocalKafka
from darkroom_vision.imaging.opencv import configure_opencv

SMALL, LARGE = "28x28", "640x480"
TINY = {size: f"tiny model, {size}" for size in (SMALL, LARGE)}
TINY_LIMITS = {SMALL: 0.60, LARGE: 0.85}
USUAL = {model: f"{model}, {LARGE}" for model in ("squeezenet", "resnet50")}
NAIVE = "squeezenet"
"""The model of a usual size that the naive consumer runs too."""
_WARM_UP_S = 4.0
_RELAY = 3
"""Consuming and producing alone is faster than the stage by less than this factor."""
_MOST_WAITING = {SMALL: 250_000, LARGE: 50_000}
_SMOKE_WAITING = 15_000


def main() -> None:
    """Measure and report."""
    parser = parser_of(__doc__, rounds=3)
    parser.add_argument("--mlserver", action="store_true", help="also measure MLServer, installed from PyPI if missing")
    run(parser, measure)


def measure(options: argparse.Namespace, machine: Machine) -> Report:
    """Measure everything, or little of it for `options.smoke`."""
    configure_opencv()
    with tempfile.TemporaryDirectory() as name, LocalKafka() as kafka, collector() as spans:
        folder = Path(name)
        kafka.start()
        topics = {
            size: create(size, images, write_images(images, folder / size), kafka.bootstrap_servers)
            for size, images in ((SMALL, samples()), (LARGE, photographs()))
        }
        if options.smoke:
            return _smoke(topics, folder, machine, spans)
        return _full(topics, folder, machine, options, spans)


def _full(
    topics: dict[str, Images],
    folder: Path,
    machine: Machine,
    options: argparse.Namespace,
    spans: Mapping[str, str],
) -> Report:
    parts = {
        (size, model): parts_of(topics[size].settings(model, loops=1), topics[size].images, 2).in_us
        for size, model in ((SMALL, "digits"), (LARGE, "digits"), (LARGE, "squeezenet"))
    }
    setup = _setup(topics, folder, {size: sum(parts[size, "digits"].values()) for size in topics})
    notes = [f"Loops beyond {setup.loops} are simulated: decoder, pre-processing and model sleep."]
    measurements = _measurements(setup, topics, spans)
    if options.mlserver:
        try:
            measurements |= _mlserver(setup, topics)
        except NotInstalled as error:
            notes.append(f"MLServer was not measured: {error}")
    else:
        notes.append("MLServer was not measured: that needs `--mlserver`.")
    rates = in_turn(measurements, options.rounds)
    curves = [loops_curve(setup, topics[LARGE], model, parts[LARGE, model]) for model in ("digits", "squeezenet")]
    return Report(
        benchmark="worker",
        machine=machine,
        comparisons=_comparisons(rates),
        figures=[*_parts(parts[LARGE, "digits"], rates), *(figure for curve in curves for figure in curve.figures())],
        plots=[plot(curves)],
        notes=notes,
    )


def _setup(topics: dict[str, Images], folder: Path, us: dict[str, float]) -> Setup:
    """Publish enough images for all measurements, if there is room for them. An image takes at least `us`."""
    seconds, cores = Seconds(small=4, usual=6, program=3), Cores.of_machine()
    waiting = {}
    for size, images in topics.items():
        fastest = len(cores.measured) * _RELAY * 1e6 / us[size]
        waiting[size] = min(_MOST_WAITING[size], int(fastest * (seconds.usual + _WARM_UP_S)))
        images.publish(waiting[size])
    return Setup(folder, cores, seconds, waiting)


def _measurements(setup: Setup, topics: dict[str, Images], spans: Mapping[str, str]) -> dict[str, Measurement]:
    found: dict[str, Measurement] = {}
    for size, case in TINY.items():
        found |= _tiny(setup, case, topics[size], spans)
    for model, case in USUAL.items():
        found |= _usual(setup, case, topics[LARGE], model)
    return found | {f"{USUAL[NAIVE]}: naive": setup.naive(topics[LARGE], NAIVE)}


def _mlserver(setup: Setup, topics: dict[str, Images]) -> dict[str, Measurement]:
    python = mlserver_python()
    return {f"{case}: MLServer": setup.mlserver(python, topics[size], "digits") for size, case in TINY.items()}


def _comparisons(rates: comparisons.Rates) -> list[Comparison]:
    tiny = [comparisons.with_tiny_model(rates, case, TINY_LIMITS[size]) for size, case in TINY.items()]
    return [
        *(row for case in USUAL.values() for row in comparisons.with_usual_model(rates, case)),
        *(row for rows in tiny for row in rows),
        *(comparisons.with_tracing(rates, case) for case in TINY.values()),
        *(comparisons.with_naive(rates, case) for case in (*TINY.values(), USUAL[NAIVE])),
        *(comparisons.with_mlserver(rates, case) for case in TINY.values() if f"{case}: MLServer" in rates),
    ]


def _smoke(topics: dict[str, Images], folder: Path, machine: Machine, spans: Mapping[str, str]) -> Report:
    images = topics[SMALL]
    images.publish(_SMOKE_WAITING)
    setup = Setup(folder, Cores.of_machine(), Seconds(0.2, 0.2, 0.2), {SMALL: _SMOKE_WAITING})
    case = TINY[SMALL]
    measurements = _tiny(setup, case, images, spans) | {
        f"{case}: ExactlyOnce": setup.worker(images, "digits", "exactly")
    }
    rates = in_turn(measurements, 1)
    parts = parts_of(images.settings("digits", loops=1), images.images, 0)
    curves = [loops_curve(setup, images, "digits", parts.in_us, loops=LOOPS[2:3])]
    rows: list[Comparison] = [
        *comparisons.with_usual_model(rates, case),
        *comparisons.with_tiny_model(rates, case, TINY_LIMITS[SMALL]),
        comparisons.with_tracing(rates, case),
        comparisons.with_naive(rates, case),
    ]
    figures: list[Figure] = curves[0].figures()
    return Report(
        benchmark="worker", machine=machine, smoke=True, comparisons=rows, figures=figures, plots=[plot(curves)]
    )


def _tiny(setup: Setup, case: str, images: Images, spans: Mapping[str, str]) -> dict[str, Measurement]:
    return {
        f"{case}: bare": setup.bare(images, "digits"),
        f"{case}: AtLeastOnce": setup.worker(images, "digits"),
        f"{case}: traced": setup.traced(images, "digits", spans),
        f"{case}: consume and produce": setup.relay(images, "digits"),
        f"{case}: naive": setup.naive(images, "digits"),
    }


def _parts(parts_us: dict[str, float], rates: comparisons.Rates) -> list[Figure]:
    """Where the time of a photograph goes that is classified by the tiny model."""
    case = TINY[LARGE]
    relay = [rate.cpu_us for rate in rates[f"{case}: consume and produce"]]
    known = sum(parts_us.values())
    rest = [rate.cpu_us - known - least for rate, least in zip(rates[f"{case}: AtLeastOnce"], relay, strict=True)]
    values = {name: [us] for name, us in parts_us.items()} | {"consume and produce": relay, "everything else": rest}
    return [Figure(what=f"{case}: {name}", unit="us of CPU", values=found) for name, found in values.items()]


def _usual(setup: Setup, case: str, images: Images, model: str) -> dict[str, Measurement]:
    bare = {f"{case}: bare": setup.bare(images, model)}
    return bare | {f"{case}: {name}": setup.worker(images, model, suffix) for suffix, name in DELIVERIES.items()}


if __name__ == "__main__":
    main()
