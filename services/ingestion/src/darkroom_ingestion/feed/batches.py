"""The live events of several pipelines in batches, for a client that shows as much as it can."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Container, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

from darkroom_ingestion.feed import live_ids
from darkroom_ingestion.feed.events import FeedEvent
from darkroom_ingestion.feed.heartbeat import HEARTBEAT, heartbeat_time, woken
from darkroom_ingestion.feed.hub import Hub

BATCH_S: Final = 0.1
"""The time between two batches, and the grid of the clock on which they are sent while there are more.

So all clients get the same batches, and pages that show a part of each request the same thumbnails.
"""
BUSY_BATCH_S: Final = 0.5
"""The same, while more than `BUSY_EVENTS_PER_S` come: each batch costs time that accepting images could have."""
BUSY_EVENTS_PER_S: Final = 20
MOST_EVENTS_PER_S: Final = 1_000
MOST_BYTES: Final = 512 * 1024
"""Limits of a batch. Older events that would exceed them are dropped, and counted."""
MOST_DATA: Final = 64 * 1024
"""The longest data of a result, in characters. Longer data is null: the client can ask for it."""

RESUMED_S: Final = 15.0
"""For so long, the events of a pipeline are kept for a client that has disconnected."""

_END = 'event: end\ndata: {{"reason": "{}"}}\n\n'


@dataclass
class _Followed:
    """One pipeline of a client.

    Attributes:
        number: the last event that was taken from the hub.
        counted_before: the events before the client came.
        sent: the events that batches had.
        told: the events that the client has been told of, sent or dropped.
    """

    pipeline: str
    hub: Hub
    number: int
    counted_before: int
    sent: int = 0
    told: int = 0

    @classmethod
    def of(cls, pipeline: str, hub: Hub, stage: str | None, after: int | None) -> "_Followed":
        """A pipeline, after event `after`, after which all are kept; or from now on."""
        if after is None:
            return cls(pipeline, hub, hub.last, hub.count(stage))
        missed = sum(stage in {None, entry.event.stage} for entry in hub.kept_after(after))
        return cls(pipeline, hub, after, hub.count(stage) - missed)

    def seen(self, stage: str | None) -> int:
        """The events since the client came."""
        return self.hub.count(stage) - self.counted_before


async def batches(
    hubs: Mapping[str, Hub], stage: str | None, stopping: asyncio.Event, last_id: str = ""
) -> AsyncGenerator[bytes, None]:
    """The bytes to send to one client. Ends if the service stops, or no longer serves a pipeline.

    The events wait in the hubs, which share them among all clients and keep a limited number. So a client needs no
    memory of its own, however slowly it reads.

    Args:
        hubs: the pipelines to follow, by `namespace/name`.
        stage: only events of this stage.
        stopping: set when the service stops.
        last_id: the last id that the client has got. Pipelines of which the hubs still have all that came after it are
            resumed there; those of others start now.
    """
    more = asyncio.Event()
    with ExitStack() as stack:
        resumed = live_ids.resumed(last_id, hubs)
        followed = [_Followed.of(key, hub, stage, resumed.get(key)) for key, hub in hubs.items()]
        for hub in hubs.values():
            stack.callback(hub.keep, RESUMED_S)
            stack.enter_context(hub.reader(more))
        yield _start(followed, resumed)
        silent_until, on_grid, batch_s = heartbeat_time(), False, BATCH_S
        while not stopping.is_set():
            more.clear()
            taken = _taken(followed, stage)
            events = _newest(taken, int(MOST_EVENTS_PER_S * batch_s))
            if any(one.hub.closed for one in followed):
                yield _END.format("a pipeline is no longer served: connect again").encode()
                return
            if events:
                # What comes at once after a silence says nothing about a rate.
                is_busy = on_grid and len(taken) > BUSY_EVENTS_PER_S * batch_s
                batch_s = BUSY_BATCH_S if is_busy else BATCH_S
                next_at = asyncio.get_running_loop().time() + pause_s(time.time(), batch_s, on_grid=on_grid)
                yield _message(events, followed, stage)
                silent_until = heartbeat_time()
                await woken(next_at, stopping)
                on_grid = True
            elif asyncio.get_running_loop().time() >= silent_until:
                yield HEARTBEAT
                silent_until = heartbeat_time()
            else:
                await woken(silent_until, more, stopping)
                on_grid, batch_s = False, BATCH_S
    yield _END.format("the service stops: connect again").encode()


def pause_s(now_s: float, batch_s: float, *, on_grid: bool) -> float:
    """The time from a batch at `now_s` to the next one, which is on the grid.

    Args:
        now_s: in seconds since 1970, so that processes and hosts have the same grid.
        batch_s: the time between two batches on the grid.
        on_grid: whether the batch was meant to be on the grid; else it was sent as soon as its first event came.
    """
    left_s = batch_s - now_s % batch_s
    # A timer is a little early or late. After a batch that is not on the grid, BATCH_S must pass before the next.
    return left_s if left_s > (BATCH_S / 2 if on_grid else BATCH_S) else left_s + batch_s


def _start(followed: Sequence[_Followed], resumed: Container[str]) -> bytes:
    pipelines = [one.pipeline for one in followed]
    data = {"pipelines": pipelines, "resumed": [pipeline for pipeline in pipelines if pipeline in resumed]}
    return HEARTBEAT + f"id: {_id(followed)}\nevent: start\ndata: {json.dumps(data)}\n\n".encode()


def _taken(followed: Iterable[_Followed], stage: str | None) -> list[tuple[_Followed, FeedEvent]]:
    """The events of all pipelines since the last batch, as far as the hubs still have them, in order of time."""
    taken = []
    for one in followed:
        entries = one.hub.kept_after(one.number)
        one.number = one.hub.last
        taken += [(one, entry.event) for entry in entries if stage in {None, entry.event.stage}]
    return sorted(taken, key=lambda item: item[1].outcome.at_ms)


def _newest(events: list[tuple[_Followed, FeedEvent]], most: int) -> list[tuple[_Followed, FeedEvent]]:
    """The newest events that fit into a batch, at most so many, newest first."""
    newest: list[tuple[_Followed, FeedEvent]] = []
    size = 0
    for one, event in reversed(events[-most:]):
        size += len(event.members) + len(_data(event))
        if newest and size > MOST_BYTES:
            break
        newest.append((one, event))
    return newest


def _message(events: list[tuple[_Followed, FeedEvent]], followed: Sequence[_Followed], stage: str | None) -> bytes:
    results, failures = [], []
    for one, event in events:
        one.sent += 1
        head = f'{{"pipeline": {json.dumps(one.pipeline)}, {event.members}'
        if event.name == "analyzed":
            results.append(f'{head}, "data": {_data(event)}}}')
        else:
            failures.append(f"{head}}}")
    changed = {}
    for one in followed:
        if (seen := one.seen(stage)) != one.told:
            one.told, changed[one.pipeline] = seen, {"seen": seen, "dropped": seen - one.sent}
    seen, sent = sum(one.told for one in followed), sum(one.sent for one in followed)
    return (
        f"id: {_id(followed)}\nevent: batch\n"
        f'data: {{"results": [{", ".join(results)}], "failures": [{", ".join(failures)}], '
        f'"seen": {seen}, "dropped": {seen - sent}, "pipelines": {json.dumps(changed)}}}\n\n'
    ).encode()


def _id(followed: Iterable[_Followed]) -> str:
    return live_ids.encode((one.pipeline, one.hub, one.number) for one in followed)


def _data(event: FeedEvent) -> str:
    return event.data if event.name == "analyzed" and len(event.data) <= MOST_DATA else "null"
