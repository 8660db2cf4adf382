"""kopf's settings and handlers, which only pass watch events to the informer.

Only `on.event` is used, so that kopf adds no annotations to objects and writes nothing at all.
"""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import kopf

from darkroom_operator.kube.access import Access
from darkroom_operator.kube.kinds import WATCHED, Kind
from darkroom_operator.runtime.informer import Informer
from darkroom_operator.runtime.kopf_storage import NoDiffBaseStorage, NoProgressStorage

WATCH_S = 300
CONNECT_TIMEOUT_S = 5.0
REQUEST_TIMEOUT_S = 30.0
PAGE_SIZE = 100
CATCH_UP_S = 15.0
WORKER_IDLE_S = 1.0
"""How long kopf keeps the task of an object without events. These tasks use most of its memory."""


class _EndlessBackoffs:
    """Endless delays between the attempts of a request, because the API server may be unavailable for long."""

    def __iter__(self) -> Iterator[float]:
        yield from (0.5, 1.0, 2.0)
        while True:
            yield 5.0


def watch_settings() -> kopf.OperatorSettings:
    """Settings of kopf: watch only the operator's objects, write nothing."""
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.peering.standalone = True
    settings.persistence.diffbase_storage = NoDiffBaseStorage()
    settings.persistence.progress_storage = NoProgressStorage()
    settings.watching.server_timeout = WATCH_S
    settings.watching.connect_timeout = CONNECT_TIMEOUT_S
    settings.watching.chunk_size = PAGE_SIZE
    settings.networking.connect_timeout = CONNECT_TIMEOUT_S
    settings.networking.request_timeout = REQUEST_TIMEOUT_S
    settings.networking.error_backoffs = _EndlessBackoffs()
    settings.queueing.idle_timeout = WORKER_IDLE_S
    for kind in WATCHED:
        if kind.selector:
            settings.watching.label_selectors[kind.group, kind.version, kind.plural] = kind.selector
    return settings


def watch_registry(
    informer: Informer, access: Access, check_health: Callable[[], str], before_watching: Callable[[float], None]
) -> kopf.OperatorRegistry:
    """The handlers that kopf calls.

    Args:
        informer: receives the events.
        access: how to reach the API server.
        check_health: returns what is wrong; empty if the operator is healthy.
        before_watching: returns once every pipeline of the first list is reconciled, at most after the given seconds.
    """
    registry = kopf.OperatorRegistry()

    @kopf.on.startup(registry=registry)
    async def start(**_: Any) -> None:
        # kopf first sends every object again. That can wait, but not indefinitely.
        await asyncio.to_thread(before_watching, CATCH_UP_S)

    @kopf.on.login(registry=registry)
    def login(**_: Any) -> kopf.ConnectionInfo:
        return access.for_kopf()

    @kopf.on.probe(registry=registry, id="queue")
    def probe(**_: Any) -> str:
        if problem := check_health():
            raise kopf.PermanentError(problem)
        return "moving"

    for kind in WATCHED:
        kopf.on.event(kind.group, kind.version, kind.plural, registry=registry, id=kind.plural)(
            _handler(informer, kind)
        )
    return registry


def _handler(informer: Informer, kind: Kind) -> Callable[..., Any]:
    # A coroutine, so that kopf does not call this short function in a thread.
    async def handle(event: Any, **_: Any) -> None:
        informer.apply_event(kind, event["object"], deleted=event["type"] == "DELETED")

    return handle
