"""Batches of live events: their rate, their limits, and what they say about dropped events."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Any

import pytest

from darkroom_ingestion.feed import heartbeat
from darkroom_ingestion.feed.batches import (
    BATCH_S,
    BUSY_BATCH_S,
    MOST_BYTES,
    MOST_DATA,
    MOST_EVENTS_PER_S,
    RESUMED_S,
    batches,
)
from darkroom_ingestion.feed.events import FeedEvent
from darkroom_ingestion.feed.heartbeat import HEARTBEAT
from darkroom_ingestion.feed.hub import Hub
from darkroom_ingestion.feed.live_ids import encode
from darkroom_ingestion.records.answers import StageFailure, StageResult

DEADLINE_S = 30
MOST_EVENTS = int(MOST_EVENTS_PER_S * BATCH_S)
Chunks = AsyncGenerator[bytes, None]


def result(number: int, stage: str = "classify", data: dict[str, Any] | None = None) -> FeedEvent:
    data = data or {"imageId": f"image-{number}", "predictions": [{"label": "<b>\u2028", "index": 1, "score": 0.5}]}
    outcome = StageResult(stage, 1_000 + number, data)
    return FeedEvent("analyzed", f"image-{number}", stage, json.dumps(data), outcome, (stage, "r"), 0, number)


def failure(number: int) -> FeedEvent:
    outcome = StageFailure("classify", 1_000 + number, "DecodeError", "it ends\ntoo early", 1, None)
    return FeedEvent("failed", f"image-{number}", "classify", "{}", outcome, ("classify", "d"), 2, number)


def add(hub: Hub, *events: FeedEvent) -> None:
    for event in events:
        hub.add(event)
    hub.wake()


def read(chunk: bytes) -> dict[str, Any]:
    """The data of an event `batch`."""
    lines = chunk.decode().splitlines()
    assert [line.partition(":")[0] for line in lines] == ["id", "event", "data", ""]
    assert lines[1] == "event: batch"
    data: dict[str, Any] = json.loads(lines[2].removeprefix("data: "))
    return data


def follow(
    hubs: dict[str, Hub],
    use: Callable[[Chunks], Awaitable[None]],
    stage: str | None = None,
    stopping: asyncio.Event | None = None,
    last_id: str = "",
    resumed: list[str] | None = None,
) -> None:
    """Use a client's chunks after the first, which says which pipelines it has, and which of them are resumed."""

    async def run() -> None:
        stream = batches(hubs, stage, stopping or asyncio.Event(), last_id)
        async with asyncio.timeout(DEADLINE_S), aclosing(stream) as chunks:
            start = await anext(chunks)
            assert start.startswith(HEARTBEAT)
            assert json.loads(start.splitlines()[-2].removeprefix(b"data: ")) == {
                "pipelines": list(hubs),
                "resumed": resumed or [],
            }
            await use(chunks)

    asyncio.run(run())


def test_a_batch_has_the_results_and_failures_of_all_pipelines() -> None:
    one, two = Hub(), Hub()

    async def use(chunks: Chunks) -> None:
        add(one, result(1), failure(3))
        add(two, result(2))
        batch = read(await anext(chunks))
        assert [(r["pipeline"], r["id"]) for r in batch["results"]] == [("a/two", "image-2"), ("a/one", "image-1")]
        assert batch["results"][1] == {
            "pipeline": "a/one",
            "id": "image-1",
            "stage": "classify",
            "analyzedAt": "1970-01-01T00:00:01.001Z",
            "summary": batch["results"][1]["summary"],
            "data": {"imageId": "image-1", "predictions": [{"label": "<b>\u2028", "index": 1, "score": 0.5}]},
        }
        assert batch["failures"] == [
            {
                "pipeline": "a/one",
                "id": "image-3",
                "stage": "classify",
                "reason": "DecodeError",
                "message": "it ends\ntoo early",
                "failedAt": "1970-01-01T00:00:01.003Z",
                "partition": 2,
                "offset": 3,
            }
        ]
        assert (batch["seen"], batch["dropped"]) == (3, 0)
        assert batch["pipelines"] == {"a/one": {"seen": 2, "dropped": 0}, "a/two": {"seen": 1, "dropped": 0}}
        add(two, result(4))
        assert read(await anext(chunks))["pipelines"] == {"a/two": {"seen": 2, "dropped": 0}}

    follow({"a/one": one, "a/two": two}, use)


def test_there_are_at_most_ten_batches_a_second() -> None:
    hub = Hub()

    async def use(chunks: Chunks) -> None:
        times = []
        for number in range(4):
            add(hub, result(number))
            read(await anext(chunks))
            times.append(asyncio.get_running_loop().time())
        assert times[-1] - times[0] >= 3 * BATCH_S - 0.01

    follow({"a/one": hub}, use)


def test_while_many_events_come_batches_are_fewer_and_larger() -> None:
    hub = Hub()

    async def use(chunks: Chunks) -> None:
        number = 0
        #                   at once, in 0.1 s, in 0.5 s; few in 0.5 s, in 0.1 s
        for count, most in [(100, 100), (100, 100), (500, 500), (10, 500), (500, 100)]:
            add(hub, *(result(number + n) for n in range(count)))
            number += count
            assert len(read(await anext(chunks))["results"]) == min(count, most)

    assert int(MOST_EVENTS_PER_S * BUSY_BATCH_S) == 500
    follow({"a/one": hub}, use)


@pytest.mark.parametrize("count", [1_000, 12_000])
def test_what_does_not_fit_is_dropped_and_counted(count: int) -> None:
    """Also when there are more events than a hub keeps."""
    hub = Hub()

    async def use(chunks: Chunks) -> None:
        add(hub, *(result(number) for number in range(count)))
        batch = read(await anext(chunks))
        assert [r["id"] for r in batch["results"]] == [f"image-{count - 1 - n}" for n in range(MOST_EVENTS)]
        assert (batch["seen"], batch["dropped"]) == (count, count - MOST_EVENTS)
        add(hub, result(count))
        batch = read(await anext(chunks))
        assert [r["id"] for r in batch["results"]] == [f"image-{count}"]
        assert (batch["seen"], batch["dropped"]) == (count + 1, count - MOST_EVENTS)

    follow({"a/one": hub}, use)


def test_large_data_is_left_out_and_a_batch_is_bounded() -> None:
    hub = Hub()

    async def use(chunks: Chunks) -> None:
        add(hub, result(0, data={"text": "x" * MOST_DATA}))
        batch = read(await anext(chunks))
        assert [r["data"] for r in batch["results"]] == [None]
        add(hub, *(result(number, data={"text": "x" * (MOST_DATA - 100)}) for number in range(20)))
        chunk = await anext(chunks)
        batch = read(chunk)
        assert MOST_BYTES - MOST_DATA < len(chunk) < MOST_BYTES + 1_000
        assert batch["dropped"] == 20 - len(batch["results"])

    follow({"a/one": hub}, use)


def test_only_the_events_of_a_stage_are_sent_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "HEARTBEAT_S", 0.1)
    hub = Hub()
    add(hub, result(0, "embed"))

    async def use(chunks: Chunks) -> None:
        add(hub, result(1))
        assert await anext(chunks) == HEARTBEAT
        add(hub, result(2), result(3, "embed"))
        batch = read(await anext(chunks))
        assert [r["id"] for r in batch["results"]] == ["image-3"]
        assert (batch["seen"], batch["dropped"]) == (1, 0)

    follow({"a/one": hub}, use, stage="embed")


def test_the_stream_ends_when_a_pipeline_is_no_longer_served() -> None:
    hub = Hub()

    async def use(chunks: Chunks) -> None:
        hub.close()
        assert (await anext(chunks)).startswith(b"event: end\n")
        assert [chunk async for chunk in chunks] == []

    follow({"a/one": hub, "a/two": Hub()}, use)


def test_the_stream_ends_when_the_service_stops() -> None:
    stopping = asyncio.Event()

    async def use(chunks: Chunks) -> None:
        waiting = asyncio.ensure_future(anext(chunks))
        await asyncio.sleep(0)
        stopping.set()
        assert b"the service stops" in await waiting

    follow({"a/one": Hub()}, use, stopping=stopping)


def id_of(chunk: bytes) -> str:
    return next(line for line in chunk.decode().splitlines() if line.startswith("id: ")).removeprefix("id: ")


def test_a_client_that_comes_back_with_another_pipeline_gets_what_it_missed() -> None:
    """Also those that it comes back for too late to be sent are counted."""
    one, two = Hub(), Hub()
    ids = []

    async def use(chunks: Chunks) -> None:
        add(one, result(1), result(2, "embed"))
        ids.append(id_of(await anext(chunks)))

    async def use_again(chunks: Chunks) -> None:
        batch = read(await anext(chunks))
        assert [r["id"] for r in batch["results"]] == [f"image-{102 - n}" for n in range(MOST_EVENTS)]
        assert batch["pipelines"] == {"a/one": {"seen": 101, "dropped": 1}}

    follow({"a/one": one}, use)
    add(one, *(result(number) for number in range(2, 103)))
    add(two, result(7))
    follow({"a/one": one, "a/two": two}, use_again, last_id=ids[0], resumed=["a/one"])


def test_events_of_a_stage_that_were_missed_are_counted() -> None:
    hub = Hub()

    async def use(chunks: Chunks) -> None:
        batch = read(await anext(chunks))
        assert [r["id"] for r in batch["results"]] == ["image-3"]
        assert (batch["seen"], batch["dropped"]) == (1, 0)

    hub.keep(60)
    add(hub, result(1, "embed"))
    last_id = encode([("a/one", hub, hub.last)])
    add(hub, result(2), result(3, "embed"))
    follow({"a/one": hub}, use, "embed", last_id=last_id, resumed=["a/one"])


@pytest.mark.parametrize("last_id", ["", "a/one=00000000.1", "a/one=zz.1~", "a/two=5d1e9c02.1"])
def test_a_client_with_the_id_of_another_process_starts_now(last_id: str) -> None:
    hub = Hub()
    add(hub, result(1), result(2))

    async def use(chunks: Chunks) -> None:
        add(hub, result(3))
        assert read(await anext(chunks))["seen"] == 1

    follow({"a/one": hub}, use, last_id=last_id)


def test_a_hub_keeps_events_for_a_while_after_its_last_client(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = Hub()

    async def use(_: Chunks) -> None:
        assert hub.is_watched

    follow({"a/one": hub}, use)
    assert hub.is_watched
    before = hub.last
    add(hub, result(1))
    assert hub.has_after(before)
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + RESUMED_S + 1)
    assert not hub.is_watched
    add(hub, result(2))
    assert not hub.has_after(before)
    assert hub.has_after(hub.last)
