"""GET events: the live feed and its resumption."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from darkroom import names
from darkroom.kafka.connection import KafkaConnection
from darkroom_ingestion.feed.events import FeedEvent
from darkroom_ingestion.feed.tail import News, Tail
from darkroom_ingestion.kafka.log_admin import LogAdmin
from darkroom_ingestion.kafka.log_record import TopicContents
from darkroom_ingestion.metrics import Metrics
from tests.support.raw_record import publish_raw
from tests.support.services.ingestion import Pipeline, Service, accepted, result_data
from tests.support.until import until

StartService = Callable[..., Service]


@dataclass(frozen=True)
class Event:
    id: str
    name: str
    data: dict[str, Any]


@contextmanager
def events(service: Service, pipeline: Pipeline, last_id: str | None = None, **query: str) -> Iterator[Iterator[Event]]:
    """The events that a browser's EventSource would dispatch; connected when the block is entered."""
    headers = {"Last-Event-ID": last_id} if last_id else {}
    with (
        service.client as client,
        client.stream("GET", f"{pipeline.path}/events", headers=headers, params=query) as answer,
    ):
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.iter_lines()
        first_id = next(line for line in lines if line).removeprefix("id: ")
        yield parsed(lines, first_id)


def parsed(lines: Iterator[str], event_id: str) -> Iterator[Event]:
    name, data = "message", ""
    for line in lines:
        field, _, value = line.partition(": ")
        match field:
            case "":
                if data:
                    yield Event(event_id, name, json.loads(data))
                name, data = "message", ""
            case "id":
                event_id = value
            case "event":
                name = value
            case "data":
                data += value


def take(feed: Iterator[Event], count: int) -> list[Event]:
    return [next(feed) for _ in range(count)]


def test_results_and_failures_are_streamed_live(start_service: StartService, two_stages: Pipeline) -> None:
    service = start_service(two_stages)
    with events(service, two_stages) as feed:
        image = accepted(service, two_stages)
        two_stages.analyze(image, "classify")
        analyzed = next(feed)
        two_stages.fail(image, "embed")
        failed = next(feed)

    assert analyzed.name == "analyzed"
    assert analyzed.data["imageId"] == image["id"]
    assert analyzed.data["predictions"][0]["label"] == "seven"
    assert failed.name == "failed"
    assert {name: failed.data[name] for name in ("imageId", "stage", "reason", "attempts")} == {
        "imageId": image["id"],
        "stage": "embed",
        "reason": "DecodeError",
        "attempts": 1,
    }
    assert failed.data["source"] == {name: image[name] for name in ("topic", "partition", "offset")}


def test_a_feed_resumes_exactly_after_a_restart(start_service: StartService, two_stages: Pipeline) -> None:
    service = start_service(two_stages)
    images = [accepted(service, two_stages) for _ in range(30)]
    with events(service, two_stages) as feed:
        two_stages.analyze_many(images[:20])
        seen = take(feed, 13)
    two_stages.analyze_many(images[20:25])
    two_stages.fail(images[0], "embed")
    service.kill()
    service.start()
    two_stages.analyze_many(images[25:])
    with events(service, two_stages, last_id=seen[-1].id) as feed:
        rest = take(feed, 30 - 13 + 1)
        two_stages.analyze(images[0], "embed")
        live = next(feed)

    analyzed = [event.data["imageId"] for event in seen + rest if event.name == "analyzed"]
    assert sorted(analyzed) == sorted(image["id"] for image in images)
    assert [event.data["imageId"] for event in rest if event.name == "failed"] == [images[0]["id"]]
    assert (live.name, live.data["stage"]) == ("analyzed", "embed")


def test_a_feed_can_be_resumed_before_its_first_event_and_on_another_replica(
    start_service: StartService, pipeline: Pipeline
) -> None:
    here, there = start_service(pipeline), start_service(pipeline)
    with here.client as client, client.stream("GET", f"{pipeline.path}/events") as answer:
        first_id = next(line for line in answer.iter_lines() if line).removeprefix("id: ")
    image = accepted(here, pipeline)
    pipeline.analyze(image)
    with events(there, pipeline, last_id=first_id) as feed:
        assert next(feed).data["imageId"] == image["id"]


def test_only_one_stage_can_be_followed(start_service: StartService, two_stages: Pipeline) -> None:
    service = start_service(two_stages)
    image = accepted(service, two_stages)
    with events(service, two_stages, stage="embed") as feed:
        for _ in range(3):
            two_stages.analyze(image, "classify")
        two_stages.analyze(image, "embed")
        event = next(feed)
    assert event.data["stage"] == "embed"
    with service.client as client:
        assert client.get(f"{two_stages.path}/events", params={"stage": "none"}).status_code == 422


def test_headers_that_are_not_readable_stop_no_feed(start_service: StartService, pipeline: Pipeline) -> None:
    service = start_service(pipeline)
    image = accepted(service, pipeline)
    results = names.results_topic(pipeline.namespace, pipeline.name, "classify")
    value = json.dumps(result_data(image, "classify", "odd")).encode()
    with events(service, pipeline) as feed:
        pipeline.analyze(image, label="first")
        # CPython specialises a call after it has run a few times.
        for _ in range(20):
            publish_raw(pipeline.bootstrap_servers, results, image["partition"], value, [(b"\xff", b"")])
        pipeline.analyze(image, label="last")
        live = take(feed, 22)
    with events(service, pipeline, last_id=live[0].id) as feed:
        resumed = take(feed, 21)

    assert [event.data["predictions"][0]["label"] for event in live] == ["first", *["odd"] * 20, "last"]
    assert resumed == live[1:]


@pytest.mark.parametrize("last_id", ["1", "x" * 100, "classify.r=", "classify.r=zzzzzzzzzzzzz", "~"])
def test_an_invalid_event_id_is_refused(shared: tuple[Service, Pipeline], last_id: str) -> None:
    service, pipeline = shared
    with service.client as client:
        answer = client.get(f"{pipeline.path}/events", headers={"Last-Event-ID": last_id})
    assert answer.status_code == 422


def test_many_clients_follow_one_tail_and_see_the_same(start_service: StartService, pipeline: Pipeline) -> None:
    service = start_service(pipeline)
    image = accepted(service, pipeline)
    with ExitStack() as stack:
        feeds = [stack.enter_context(events(service, pipeline)) for _ in range(40)]
        pipeline.analyze(image)
        seen = {(event.id, event.data["imageId"]) for event in (next(feed) for feed in feeds)}
        with service.client as client:
            assert "darkroom_sse_clients 40.0" in client.get("/metrics").text
    with service.client as client:
        until(lambda: "darkroom_sse_clients 0.0" in client.get("/metrics").text, "all are gone")
    assert len(seen) == 1


def test_a_stop_ends_the_feed_with_an_event(start_service: StartService, pipeline: Pipeline) -> None:
    service = start_service(pipeline)
    with events(service, pipeline) as feed:
        started = time.monotonic()
        assert service.stop() == 0
        last = next(feed)
        with pytest.raises(StopIteration):
            next(feed)

    assert last.name == "end"
    assert time.monotonic() - started < 20


def test_a_client_that_does_not_read_is_dropped_and_others_continue(
    start_service: StartService, pipeline: Pipeline
) -> None:
    service = start_service(pipeline)
    image = accepted(service, pipeline)
    with (
        httpx.Client(base_url=f"http://127.0.0.1:{service.port}", timeout=60) as client,
        client.stream("GET", f"{pipeline.path}/events"),
        events(service, pipeline) as feed,
        service.client as asking,
    ):
        # More than the socket buffers and the service's queue can hold.
        padding = "x" * 80_000
        for _ in range(12):
            pipeline.analyze_many([image] * 100, padding=padding)
            take(feed, 100)
        until(lambda: "darkroom_sse_clients 1.0" in asking.get("/metrics").text, "the silent one is dropped")
        assert "darkroom_sse_dropped_total 1.0" in asking.get("/metrics").text


def test_a_missing_topic_of_one_pipeline_does_not_affect_other_feeds(
    start_service: StartService, pipeline: Pipeline, two_stages: Pipeline
) -> None:
    stage = two_stages.manifest["spec"]["stages"][0]
    two_stages.manifest["spec"]["stages"].append(stage | {"name": "later"})
    service = start_service(pipeline, two_stages, ready=False)
    with events(service, pipeline) as feed:
        pipeline.analyze(accepted(service, pipeline))
        assert next(feed).name == "analyzed"
    with service.client as client:
        assert client.get(f"{two_stages.path}/events").status_code == 503


def test_the_feed_of_a_pipeline_that_is_deleted_ends(
    start_service: StartService, pipeline: Pipeline, two_stages: Pipeline
) -> None:
    service = start_service(pipeline, two_stages)
    with events(service, pipeline) as feed:
        service.pipelines = [two_stages]
        service.write_catalog()
        last = next(feed)

    assert (last.name, last.data["reason"]) == ("end", "the pipeline is no longer served")


def test_a_tail_continues_where_its_predecessor_stopped(pipeline: Pipeline) -> None:
    """As in a rotation of credentials: events in between are in the log, and must not be skipped."""
    connection = KafkaConnection(bootstrap_servers=pipeline.bootstrap_servers)
    results = names.results_topic(pipeline.namespace, pipeline.name, "classify")
    topics = {results: TopicContents("demo/digits", "results", "classify")}
    images = [{"id": f"image-{number}", "topic": "t", "partition": 0, "offset": number} for number in range(3)]

    async def run() -> list[str]:
        seen: list[str] = []

        def tell(news: list[tuple[str, News]]) -> None:
            seen.extend(what.image_id for _, what in news if isinstance(what, FeedEvent))

        def tail(predecessor: Tail | None = None) -> Tail:
            return Tail(connection, LogAdmin(connection), topics, tell, lambda _: True, Metrics(), predecessor)

        first = tail()
        await asyncio.to_thread(until, lambda: first.ready, "the first reads")
        await asyncio.to_thread(pipeline.analyze, images[0])
        await asyncio.to_thread(until, lambda: len(seen) == 1, "one is seen")
        first.stop()
        await asyncio.to_thread(first.join, 30.0)
        assert not first.alive
        await asyncio.to_thread(pipeline.analyze, images[1])
        second = tail(first)
        await asyncio.to_thread(until, lambda: second.ready, "the second reads")
        await asyncio.to_thread(pipeline.analyze, images[2])
        await asyncio.to_thread(until, lambda: len(seen) == 3, "all are seen")
        second.stop()
        await asyncio.to_thread(second.join, 30.0)
        return seen

    assert asyncio.run(run()) == ["image-0", "image-1", "image-2"]
