"""The plans of the runs."""

from typing import Final

from tests.chaos.faults import broker, crash_the_service, cut, kill_a_process, restart_the_service, storm, zombie
from tests.chaos.run import WRONG_WORKER, Plan

SHORT: Final = Plan(
    images=600,
    rate=30,
    faults=[crash_the_service, zombie, broker(1), kill_a_process, restart_the_service, cut(3, 5.0), storm(1)],
    kills=6,
)
"""`python -m tests.chaos --short`: one or two minutes."""

LONG: Final = Plan(
    images=20_000,
    rate=100,
    faults=[
        zombie,
        broker(1),
        cut(2),
        crash_the_service,
        kill_a_process,
        storm(3),
        broker(2),
        restart_the_service,
        zombie,
        cut(3),
        kill_a_process,
        broker(3),
        kill_a_process,
        storm(2),
    ],
    patience_s=240,
)
"""`make chaos`."""

WRONG: Final = Plan(
    images=600, rate=25, faults=[], stages=["atleast", "exactly"], kill_every_s=1.5, worker_module=WRONG_WORKER
)
"""Workers that commit before they publish, which must be detected."""
