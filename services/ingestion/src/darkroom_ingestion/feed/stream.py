"""The server-sent events of one client: those that it missed, then the live ones."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, asynccontextmanager

from darkroom.kafka.errors import KafkaUnreachable
from darkroom_ingestion.catalog.served import ServedPipeline
from darkroom_ingestion.feed.catch_up import CatchUp
from darkroom_ingestion.feed.events import FeedEvent
from darkroom_ingestion.feed.heartbeat import HEARTBEAT, heartbeat_time, woken
from darkroom_ingestion.feed.hub import Hub, TooSlow
from darkroom_ingestion.feed.positions import Positions, Topic

_TURN_S = 15.0
_END = 'event: end\ndata: {{"reason": "{}"}}\n\n'


class Reading:
    """Limits how many clients catch up at the same time, because each of them needs a consumer."""

    def __init__(self, at_a_time: int = 8, turn_s: float = _TURN_S) -> None:
        self._turn_s = turn_s
        self._turns = asyncio.Semaphore(at_a_time)
        self._waiting = 0
        self.threads = ThreadPoolExecutor(at_a_time, thread_name_prefix="feed")

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[Callable[[], bool], None]:
        """Wait for a turn to catch up. Yields a function that returns whether the turn must end for waiting clients."""
        self._waiting += 1
        try:
            await self._turns.acquire()
        finally:
            self._waiting -= 1
        ends_at = asyncio.get_running_loop().time() + self._turn_s
        try:
            yield lambda: self._waiting > 0 and asyncio.get_running_loop().time() > ends_at
        finally:
            self._turns.release()


async def stream(
    hub: Hub,
    served: ServedPipeline,
    start: Positions | None,
    stage: str | None,
    stopping: asyncio.Event,
    reading: Reading,
) -> AsyncGenerator[bytes, None]:
    """The bytes to send. Ends if the client is too slow or the service stops; the client can resume."""
    with hub.reader() as more:  # keeps the events from here on
        number, here = hub.last, (hub.positions or Positions({})).copy()
        position = start.copy() if start is not None else here
        # An id without data is not an event, but the client resumes from it if it disconnects before the first event.
        yield f"id: {position.encode()}\n\n".encode()
        if start is not None:
            try:
                missed = _missed(served, position, here, stage, stopping, reading.threads)
                async with reading.turn() as is_up, aclosing(missed):
                    async for chunk in missed:
                        yield chunk
                        if is_up():
                            yield _END.format("other clients wait: resume with the last id").encode()
                            return
            except KafkaUnreachable:
                yield _END.format("Kafka can't be read: resume later").encode()
                return
        async with aclosing(_live(hub, more, number, stage, stopping)) as live:
            async for chunk in live:
                yield chunk


async def _live(
    hub: Hub, more: asyncio.Event, number: int, stage: str | None, stopping: asyncio.Event
) -> AsyncGenerator[bytes, None]:
    """The events after event `number`, as they arrive, and heartbeats while none of `stage` does.

    `more` is the event of a registered reader of `hub`.
    """
    silent_until = heartbeat_time()
    while not stopping.is_set():
        if hub.closed:
            yield _END.format("the pipeline is no longer served").encode()
            return
        more.clear()
        try:
            entries = hub.after(number)
        except TooSlow:
            yield _END.format("too slow: resume with the last id").encode()
            return
        number = entries[-1].number if entries else number
        text = "".join(_message(e.event, e.position) for e in entries if stage in {None, e.event.stage})
        if text:
            yield text.encode()
        elif asyncio.get_running_loop().time() >= silent_until:
            yield HEARTBEAT
        else:
            if not entries:
                await woken(silent_until, more, stopping)
            continue
        silent_until = heartbeat_time()
    yield _END.format("the service stops: resume with the last id").encode()


async def _missed(
    served: ServedPipeline,
    position: Positions,
    end: Positions,
    stage: str | None,
    stopping: asyncio.Event,
    threads: ThreadPoolExecutor,
) -> AsyncGenerator[bytes, None]:
    reader = await asyncio.get_running_loop().run_in_executor(
        threads, CatchUp, served.kafka, served.key, topics_of(served, stage), position, end
    )
    try:
        while not stopping.is_set() and (events := await reader.batch(threads)):
            chunk = ""
            for event in events:
                position.move(event.topic, event.partition, event.offset + 1)
                chunk += _message(event, position.encode())
            yield chunk.encode()
    finally:
        await asyncio.get_running_loop().run_in_executor(threads, reader.close)


def topics_of(served: ServedPipeline, stage: str | None) -> Mapping[Topic, str]:
    """The names of the topics of a pipeline's feed, or of the feed of one stage."""
    topics: dict[Topic, str] = {}
    for plan in served.plan.stages:
        if stage in {None, plan.name}:
            topics[plan.name, "r"] = plan.results.name
            topics[plan.name, "d"] = plan.dead_letters.name
    return topics


def _message(event: FeedEvent, position: str) -> str:
    return f"id: {position}\nevent: {event.name}\ndata: {event.data}\n\n"
