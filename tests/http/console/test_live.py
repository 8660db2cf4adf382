"""GET /v1/live: what happens in several pipelines, in batches."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.support.kafka import SharedKafka
from tests.support.services.ingestion import Pipeline, Service, accepted, make_pipeline
from tests.support.until import until

StartService = Callable[..., Service]
Shared = tuple[Service, Pipeline]


@contextmanager
def live(service: Service, *pipelines: Pipeline, **query: str) -> Iterator[Iterator[tuple[str, dict[str, Any]]]]:
    """(name, data) of the events of a client after the first, which has come when the block is entered."""
    named = [("pipeline", f"{pipeline.namespace}/{pipeline.name}") for pipeline in pipelines]
    with service.client as client, client.stream("GET", "/v1/live", params=[*named, *query.items()]) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.iter_lines()
        following = events(lines)
        name, start = next(following)
        assert name == "start"
        assert start["resumed"] == []
        yield following


def events(lines: Iterator[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    name = ""
    for line in lines:
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            yield name, json.loads(value)


def test_one_stream_has_the_events_of_several_pipelines(start_service: StartService, kafka: SharedKafka) -> None:
    one = make_pipeline(kafka.bootstrap_servers)
    two = make_pipeline(kafka.bootstrap_servers, stages=["classify", "embed"])
    service = start_service(one, two)
    first, second = accepted(service, one), accepted(service, two)
    with live(service, one, two) as everything, live(service, two, stage="embed") as embedded:
        one.analyze(first)
        two.fail(second)
        two.analyze(second, "embed")
        found: list[dict[str, Any]] = []
        while len(found) < 3:
            name, batch = next(everything)
            assert name == "batch"
            found += [*batch["results"], *batch["failures"]]
        _, of_embed = next(embedded)

    assert (batch["seen"], batch["dropped"]) == (3, 0)
    assert {(event["pipeline"], event["id"], event["stage"]) for event in found} == {
        (f"{one.namespace}/digits", first["id"], "classify"),
        (f"{two.namespace}/digits", second["id"], "classify"),
        (f"{two.namespace}/digits", second["id"], "embed"),
    }
    [result] = [event for event in found if event["id"] == first["id"]]
    assert result["summary"] == "seven 0.900"
    assert result["data"]["predictions"][0]["label"] == "seven"
    [failed] = [event for event in found if "reason" in event]
    assert failed["reason"] == "DecodeError"
    assert [event["stage"] for event in of_embed["results"]] == ["embed"]


def test_the_stream_ends_with_the_service(start_service: StartService, pipeline: Pipeline) -> None:
    service = start_service(pipeline)
    with live(service) as stream:
        assert service.stop() == 0
        [(name, data)] = list(stream)

    assert name == "end"
    assert "stops" in data["reason"]


def test_a_stream_continues_where_its_client_left(shared: Shared) -> None:
    service, pipeline = shared
    params = [("pipeline", f"{pipeline.namespace}/{pipeline.name}"), ("pipeline", "none/none")]
    with service.client as client:
        with client.stream("GET", "/v1/live", params=params) as answer:
            last_id = next(line for line in answer.iter_lines() if line.startswith("id: ")).removeprefix("id: ")
        image = accepted(service, pipeline)
        pipeline.analyze(image)
        with client.stream("GET", "/v1/live", params=params, headers={"Last-Event-ID": last_id}) as answer:
            following = events(answer.iter_lines())
            _, start = next(following)
            name, batch = next(following)
    key = f"{pipeline.namespace}/{pipeline.name}"
    assert start == {"pipelines": [key], "resumed": [key]}
    assert name == "batch"
    assert [result["id"] for result in batch["results"]] == [image["id"]]
    assert batch["pipelines"] == {key: {"seen": 1, "dropped": 0}}


def test_unknown_pipelines_and_stages_are_refused(shared: Shared) -> None:
    service, pipeline = shared
    known = f"{pipeline.namespace}/{pipeline.name}"
    with service.client as client:
        assert client.get("/v1/live", params={"pipeline": "none/none"}).status_code == 404
        assert client.get("/v1/live", params={"pipeline": "none"}).status_code == 404
        assert client.get("/v1/live", params={"pipeline": known, "stage": "none"}).status_code == 422
        assert client.head("/v1/live", params={"pipeline": known}).status_code == 200


def test_clients_that_have_gone_are_no_clients(shared: Shared) -> None:
    service, pipeline = shared

    def clients() -> float:
        with service.client as client:
            lines = client.get("/metrics").text.splitlines()
        return float(next(line for line in lines if line.startswith("darkroom_sse_clients ")).split()[1])

    with live(service, pipeline), live(service, pipeline):
        until(lambda: clients() == 2, "two clients are counted")
    until(lambda: clients() == 0, "no client is left")
