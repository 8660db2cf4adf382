"""The HTTP processes of a service, as one of them sees all."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from prometheus_client.core import Metric

from darkroom_ingestion.http.documents.health import Check
from darkroom_ingestion.supervision import Supervised


@dataclass(frozen=True)
class ChecksOfProcesses:
    """The checks of several HTTP processes.

    Attributes:
        checks: by the number of the process, 0 for their parent; None if a process did not respond.
        starting: the numbers of the processes that do not serve yet, or again.
        complete: whether all of them have served at the same time.
    """

    checks: Mapping[int, list[Check] | None]
    starting: Sequence[int]
    complete: bool


class Siblings(Protocol):
    """All HTTP processes of the service, this one included."""

    async def checks(self, question: Literal["liveness", "readiness"]) -> ChecksOfProcesses:
        """The checks of every process."""

    async def metrics(self) -> Iterable[Metric]:
        """The metrics of the service."""


def task_checks(tasks: Iterable[Supervised]) -> list[Check]:
    """The state of background tasks. Failed tasks are reported only, because they are restarted anyway."""
    return [
        Check(
            name=f"{task.name} task",
            ok=task.problem is None,
            message="runs" if task.problem is None else f"failed and was started again: {task.problem}",
            required=False,
        )
        for task in tasks
    ]
