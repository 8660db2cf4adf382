"""The liveness and readiness checks."""

import asyncio

from darkroom.kafka.errors import KafkaUnreachable
from darkroom_ingestion.http.context import Services
from darkroom_ingestion.http.documents.health import Check
from darkroom_ingestion.http.siblings import task_checks
from darkroom_ingestion.links.link import Link

_PATIENCE_S = 3.0


def liveness_checks(services: Services) -> list[Check]:
    """Check background threads and tasks."""
    checks = task_checks(services.background.tasks)
    for link in services.links.all():
        name = _name(link)
        checks.append(_check(f"publisher {name}", link.publisher.alive, "runs", "its thread has died"))
        checks.append(_check(f"live feed {name}", link.tail.alive, "runs", "its thread has died"))
    return checks


async def readiness_checks(services: Services) -> list[Check]:
    """Check whether the service can accept images and has read their results."""
    stopping = services.stopping.is_set()
    checks = [_check("service", not stopping, "runs", "it is stopping"), await _store(services)]
    pipelines = services.links.pipelines
    checks.append(
        _check("catalog", pipelines.known, "read", "the pipelines have not been read from the API server yet")
    )
    missing = [served.key for served in pipelines.values() if services.links.find(served) is None]
    of_kafkas = [
        Check(name=f"kafka of {key}", ok=False, message="can't be used; the service's log says why") for key in missing
    ]
    for found in await asyncio.gather(*(_kafka(services, link) for link in services.links.all())):
        of_kafkas.extend(found)
    return checks + _as_required(services, of_kafkas)


def _as_required(services: Services, of_kafkas: list[Check]) -> list[Check]:
    """In a cluster, an outage of one Kafka must not make the service unready for the pipelines of the others.

    Only a starting replica waits a limited time for all of them, to find the ends of their logs.
    """
    if not services.settings.in_cluster:
        return of_kafkas
    if all(check.ok for check in of_kafkas) or services.age_s() > services.settings.start_timeout_s:
        services.started.set()
    if not services.started.is_set():
        return of_kafkas
    return [check.model_copy(update={"required": False}) for check in of_kafkas]


async def _store(services: Services) -> Check:
    problem = services.filling.store_problem or await services.probe.problem()
    return _check("store", problem is None, "writable", problem or "")


async def _kafka(services: Services, link: Link) -> list[Check]:
    name = _name(link)
    try:
        async with asyncio.timeout(_PATIENCE_S):
            known = await asyncio.to_thread(link.admin.partitions, link.topics)
    except (KafkaUnreachable, TimeoutError) as error:
        reason = str(error) or link.admin.problem() or "no response in time"
        return [Check(name=f"kafka {name}", ok=False, message=reason)]
    absent = sorted(link.topics - known.keys())
    state, unpublished = services.filling.state(link.connection), link.publisher.problem
    reading = "reading the log" if state.assigned else state.kafka_problem or "waiting for partitions"
    return [
        Check(name=f"kafka {name}", ok=True, message="reachable"),
        _check(f"publisher {name}", unpublished is None, "publishes", unpublished or ""),
        _check(f"topics {name}", not absent, "exist", f"missing: {', '.join(absent)}"),
        _check(f"results {name}", state.caught_up, f"caught up, {state.lag} records behind", reading),
        _check(f"live feed {name}", link.tail.ready, "reads", "has not found the end of the log yet"),
    ]


def _check(name: str, ok: bool, good: str, bad: str) -> Check:  # noqa: FBT001 - the finding
    return Check(name=name, ok=ok, message=good if ok else bad)


def _name(link: Link) -> str:
    return link.bootstrap_servers
