"""kopf's part: watches. Its handlers pass on what they hear, and do nothing else.

Only `on.event` is used, so kopf keeps no notes in anybody's annotations and writes nothing at all.
"""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import kopf

from darkroom_operator.kube.access import Access
from darkroom_operator.kube.kinds import WATCHED, Kind
from darkroom_operator.runtime.feed import Feed
from darkroom_operator.runtime.no_notes import NoDiffBase, NoProgress

WATCH_S = 300
CONNECT_TIMEOUT_S = 5.0
REQUEST_TIMEOUT_S = 30.0
PAGE_SIZE = 100
CATCH_UP_S = 15.0
WORKER_IDLE_S = 1.0
"""How long kopf keeps a task for an object that nothing happens to: they take most of its memory."""


class _ForEver:
    """Delays between the attempts of a request: an API server may be away for as long as it likes."""

    def __iter__(self) -> Iterator[float]:
        yield from (0.5, 1.0, 2.0)
        while True:
            yield 5.0


def watch_settings() -> kopf.OperatorSettings:
    """Kopf's settings: watch what is ours, write nothing."""
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.peering.standalone = True
    settings.persistence.diffbase_storage = NoDiffBase()
    settings.persistence.progress_storage = NoProgress()
    settings.watching.server_timeout = WATCH_S
    settings.watching.connect_timeout = CONNECT_TIMEOUT_S
    settings.watching.chunk_size = PAGE_SIZE
    settings.networking.connect_timeout = CONNECT_TIMEOUT_S
    settings.networking.request_timeout = REQUEST_TIMEOUT_S
    settings.networking.error_backoffs = _ForEver()
    settings.queueing.idle_timeout = WORKER_IDLE_S
    for kind in WATCHED:
        if kind.selector:
            settings.watching.label_selectors[kind.group, kind.version, kind.plural] = kind.selector
    return settings


def watch_registry(
    feed: Feed, access: Access, check_health: Callable[[], str], before_watching: Callable[[float], None]
) -> kopf.OperatorRegistry:
    """The handlers that kopf calls.

    Args:
        feed: takes what they hear.
        access: to the API server.
        check_health: answers what is wrong; nothing if all is well.
        before_watching: returns when everything that was there at the start has been looked at, or after some
            seconds.
    """
    registry = kopf.OperatorRegistry()

    @kopf.on.startup(registry=registry)
    async def begin(**_: Any) -> None:
        # kopf tells of every object once more before it tells of changes. That can wait, but not for ever.
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
        kopf.on.event(kind.group, kind.version, kind.plural, registry=registry, id=kind.plural)(_passes_on(feed, kind))
    return registry


def _passes_on(feed: Feed, kind: Kind) -> Callable[..., Any]:
    # A coroutine, so that kopf calls it right here and not in a thread: it takes microseconds.
    async def pass_on(event: Any, **_: Any) -> None:
        feed.take(kind, event["object"], deleted=event["type"] == "DELETED")

    return pass_on
