"""Liveness, readiness and metrics of the whole service, whichever of its HTTP processes is asked."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from darkroom_ingestion.http.context import Services
from darkroom_ingestion.http.documents.health import Check
from darkroom_ingestion.http.health import liveness_checks, readiness_checks
from darkroom_ingestion.http.siblings import ChecksOfProcesses


async def liveness(services: Services) -> list[Check]:
    """The liveness checks. A process that is being started again does not need the service to be restarted."""
    if services.siblings is None:
        return liveness_checks(services)
    return merged(await services.siblings.checks("liveness"), needs_all=False)


async def readiness(services: Services) -> list[Check]:
    """The readiness checks. Once all processes have served, the others suffice while one is started again."""
    if services.siblings is None:
        return await readiness_checks(services)
    found = await services.siblings.checks("readiness")
    return merged(found, needs_all=not found.complete)


async def metrics_of(services: Services) -> CollectorRegistry:
    """The metrics, for `generate_latest`."""
    if services.siblings is None:
        return services.metrics.registry
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collected(await services.siblings.metrics()))
    return registry


def merged(found: ChecksOfProcesses, *, needs_all: bool) -> list[Check]:
    """One check for each name. It fails if it does in one of the processes, and says in which.

    Args:
        found: the checks of every process.
        needs_all: whether a process that is starting makes the service fail.
    """
    checks: dict[str, Check] = {}
    for process, of_process in found.checks.items():
        name = f"process {process}" if process else "parent process"
        if of_process is None:
            checks[name] = Check(name=name, ok=False, message="does not respond")
        for check in of_process or ():
            known = checks.get(check.name)
            if known is None or (_severity(check) > _severity(known)):
                message = check.message if check.ok else f"{name}: {check.message}"
                checks[check.name] = check.model_copy(update={"message": message})
    for process in found.starting:
        name = f"process {process}"
        checks[name] = Check(name=name, ok=False, message="is starting", required=needs_all)
    return list(checks.values())


def _severity(check: Check) -> int:
    return 0 if check.ok else 1 + check.required


class _Collected(Collector):
    """Metrics that have been collected already."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        """For prometheus_client."""
        return self._metrics
