"""The live events of several pipelines in batches, for a client that shows as much as it can."""

import asyncio
import json
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

from darkroom_ingestion.feed.events import FeedEvent
from darkroom_ingestion.feed.heartbeat import HEARTBEAT, heartbeat_time, woken
from darkroom_ingestion.feed.hub import Hub
from darkroom_ingestion.times import rfc3339

BATCH_S: Final = 0.1
"""The time between two batches."""
MOST_EVENTS: Final = 100
MOST_BYTES: Final = 512 * 1024
"""Limits of a batch. Older events that would exceed them are dropped, and counted."""
MOST_DATA: Final = 64 * 1024
"""The longest data of a result, in characters. Longer data is null: the client can ask for it."""

_END = 'event: end\ndata: {{"reason": "{}"}}\n\n'


@dataclass
class _Followed:
    """One pipeline of a client: its hub, the last event that was taken, and the events before the client came."""

    pipeline: str
    hub: Hub
    number: int
    counted_before: int


async def batches(hubs: Mapping[str, Hub], stage: str | None, stopping: asyncio.Event) -> AsyncGenerator[bytes, None]:
    """The bytes to send to one client, from now on. Ends if the service stops, or no longer serves a pipeline.

    The events wait in the hubs, which share them among all clients and keep a limited number. So a client needs no
    memory of its own, however slowly it reads.

    Args:
        hubs: the pipelines to follow, by `namespace/name`.
        stage: only events of this stage.
        stopping: set when the service stops.
    """
    more = asyncio.Event()
    with ExitStack() as stack:
        for hub in hubs.values():
            stack.enter_context(hub.reader(more))
        followed = [_Followed(key, hub, hub.last, hub.count(stage)) for key, hub in hubs.items()]
        sent = 0
        yield HEARTBEAT
        silent_until = heartbeat_time()
        while not stopping.is_set():
            more.clear()
            events = _newest(_taken(followed, stage))
            if any(one.hub.closed for one in followed):
                yield _END.format("a pipeline is no longer served: connect again").encode()
                return
            if events:
                sent += len(events)
                seen = sum(one.hub.count(stage) - one.counted_before for one in followed)
                next_at = asyncio.get_running_loop().time() + BATCH_S
                yield _message(events, seen, seen - sent)
                silent_until = heartbeat_time()
                await woken(next_at, stopping)
            elif asyncio.get_running_loop().time() >= silent_until:
                yield HEARTBEAT
                silent_until = heartbeat_time()
            else:
                await woken(silent_until, more, stopping)
    yield _END.format("the service stops: connect again").encode()


def _taken(followed: Iterable[_Followed], stage: str | None) -> list[tuple[str, FeedEvent]]:
    """The events of all pipelines since the last batch, as far as the hubs still have them, in order of time."""
    taken = []
    for one in followed:
        entries = one.hub.kept_after(one.number)
        one.number = one.hub.last
        taken += [(one.pipeline, entry.event) for entry in entries if stage in {None, entry.event.stage}]
    return sorted(taken, key=lambda item: item[1].outcome.at_ms)


def _newest(events: list[tuple[str, FeedEvent]]) -> list[tuple[str, FeedEvent]]:
    """The newest events that fit into a batch, newest first."""
    newest: list[tuple[str, FeedEvent]] = []
    size = 0
    for pipeline, event in reversed(events[-MOST_EVENTS:]):
        size += len(event.members) + len(_data(event))
        if newest and size > MOST_BYTES:
            break
        newest.append((pipeline, event))
    return newest


def _message(events: list[tuple[str, FeedEvent]], seen: int, dropped: int) -> bytes:
    results, failures = [], []
    for pipeline, event in events:
        head = f'{{"pipeline": {json.dumps(pipeline)}, {event.members}'
        if event.name == "analyzed":
            results.append(f'{head}, "data": {_data(event)}}}')
        else:
            failures.append(f"{head}}}")
    return (
        f"id: {rfc3339(events[0][1].outcome.at_ms)}\nevent: batch\n"
        f'data: {{"results": [{", ".join(results)}], "failures": [{", ".join(failures)}], '
        f'"seen": {seen}, "dropped": {dropped}}}\n\n'
    ).encode()


def _data(event: FeedEvent) -> str:
    return event.data if event.name == "analyzed" and len(event.data) <= MOST_DATA else "null"
