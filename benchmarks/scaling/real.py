"""A burst of images from zero workers and back to zero, with processes and a broker on this machine."""

import argparse
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from benchmarks.measuring.machine import Machine
from benchmarks.measuring.report import Figure, Limit, Report
from benchmarks.scaling.burst import Burst, burst

_IMAGES: Final = 20_000
_SMOKE_IMAGES: Final = 300
_WORKERS: Final = 4
_CONDITIONS: Final = (
    f"`darkroom up` with one stage, at most {_WORKERS} workers, drainTarget 5 s, scaleDownDelay 15 s, scaleToZeroAfter "
    "30 s."
)


def measure_real(options: argparse.Namespace, machine: Machine) -> Report:
    """Send one burst. A smoke run is short and does not wait until there are no workers again."""
    with tempfile.TemporaryDirectory(prefix="darkroom-bench-") as folder:
        images = _SMOKE_IMAGES if options.smoke else _IMAGES
        found = [burst(images, _WORKERS, Path(folder), back_to_zero=not options.smoke)]
    return Report(
        benchmark="scaling-real",
        machine=machine,
        smoke=options.smoke,
        figures=figures(found),
        notes=[
            f"{images:,} images with 60 keys, published at once while there is no worker. {_CONDITIONS}",
            "Changes: " + ", ".join(f"{workers} ({reason})" for workers, reason in found[0].changes) + ".",
        ],
    )


def figures(found: Sequence[Burst]) -> list[Figure]:
    """What became of the images, and how the number of workers changed."""

    def figure(what: str, unit: str, value: Callable[[Burst], float], at_most: float | None = None) -> Figure:
        return Figure(what=what, unit=unit, values=[float(value(one)) for one in found], limit=Limit(at_most=at_most))

    rows = [
        figure("images without a result", "", lambda one: one.lost, 0),
        figure("keys answered out of order", "", lambda one: one.keys_out_of_order, 0),
        figure("results beyond one for each image", "", lambda one: one.repeated),
        figure("from no worker to the first result", "s", lambda one: one.first_answer_s, 6),
        figure("from no worker to the last result", "s", lambda one: one.all_answers_s),
        figure("most workers", "", lambda one: max(workers for workers, _ in one.changes)),
    ]
    if all(one.zero_after_s is not None for one in found):
        rows.append(figure("from the last result to no worker", "s", lambda one: one.zero_after_s or 0.0))
    return rows
