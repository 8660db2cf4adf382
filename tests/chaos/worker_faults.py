"""Faults inside the processes of workers with mode Queue: poison images, and a wrong clock.

Python loads `sitecustomize.py` from its path at the start, so the worker's code is unchanged. The parent process of
such a worker passes its environment on to the process that analyses.
"""

import os
from pathlib import Path
from typing import Final

from tests.support.models.bad_model import bad_model

POISON: Final = b"ABORT"
"""Ends a process that decodes an image with these bytes."""

SKEW: Final = "CHAOS_CLOCK_SKEW_S"
"""The environment variable with the skew of the clock of the processes that a worker starts."""

_REPOSITORY: Final = Path(__file__).parents[2]
_CLOCK: Final = f"""
if skew := os.environ.get("{SKEW}"):
    from tests.chaos.launch import set_clock

    set_clock(float(skew))
"""


def worker_faults(folder: Path) -> dict[str, str]:
    """The environment of a worker whose processes have the faults."""
    environment = bad_model(folder)
    with (folder / "sitecustomize.py").open("a", encoding="utf-8") as hook:
        hook.write(_CLOCK)
    return environment | {"PYTHONPATH": os.pathsep.join([environment["PYTHONPATH"], str(_REPOSITORY)])}
