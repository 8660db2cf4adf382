"""Turns of clients that catch up, and the heartbeats of a stream."""

import asyncio
from contextlib import aclosing

import pytest

from darkroom.api.validation import parse_pipeline
from darkroom.kafka.connection import KafkaConnection
from darkroom_ingestion.catalog.served import ServedPipeline
from darkroom_ingestion.feed import heartbeat
from darkroom_ingestion.feed.events import FeedEvent
from darkroom_ingestion.feed.hub import Hub
from darkroom_ingestion.feed.stream import Reading, stream
from darkroom_ingestion.records.answers import StageResult
from tests.support.manifests import pipeline_manifest


def test_a_turn_is_up_when_it_was_long_and_others_wait() -> None:
    async def run() -> list[bool]:
        reading = Reading(at_a_time=1, turn_s=0.0)
        found = []
        async with reading.turn() as is_up:
            found.append(is_up())

            async def other() -> None:
                async with reading.turn():
                    pass

            waiting = asyncio.create_task(other())
            await asyncio.sleep(0)
            found.append(is_up())
        await waiting
        reading.threads.shutdown()
        return found

    assert asyncio.run(run()) == [False, True]


def test_a_turn_that_was_short_is_not_up() -> None:
    async def run() -> bool:
        reading = Reading(at_a_time=1, turn_s=1_000.0)
        async with reading.turn() as is_up:
            waiting = asyncio.ensure_future(reading.turn().__aenter__())
            await asyncio.sleep(0)
            found = is_up()
            waiting.cancel()
        reading.threads.shutdown()
        return found

    assert asyncio.run(run()) is False


def test_a_client_whose_stage_has_no_events_gets_heartbeats(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also while the other stages of its pipeline have events all the time."""
    monkeypatch.setattr(heartbeat, "HEARTBEAT_S", 0.1)
    served = ServedPipeline(parse_pipeline(pipeline_manifest()), KafkaConnection(bootstrap_servers="kafka:9092"))
    event = FeedEvent("analyzed", "i", "classify", "{}", StageResult("classify", 1, {}), ("classify", "r"), 0, 0)

    async def add_events(hub: Hub) -> None:
        while True:
            hub.add(event)
            hub.wake()
            await asyncio.sleep(0)

    async def received() -> list[bytes]:
        hub, reading = Hub(), Reading(at_a_time=1)
        adding = asyncio.create_task(add_events(hub))
        async with aclosing(stream(hub, served, None, "embed", asyncio.Event(), reading)) as chunks:
            found = [await anext(chunks) for _ in range(3)]
        adding.cancel()
        return found

    position, *heartbeats = asyncio.run(asyncio.wait_for(received(), 30))
    assert position.startswith(b"id: ")
    assert heartbeats == [b": still there\n"] * 2
