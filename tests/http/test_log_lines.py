"""Log lines of a request have its ids."""

import json
from collections.abc import Callable
from typing import Any

from tests.support.services.ingestion import Pipeline, Service, accepted, post
from tests.support.until import until

StartService = Callable[..., Service]
TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE_ID}-b7ad6b7169203331-01"


def lines(service: Service, **wanted: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in service.log.splitlines() if line.startswith("{")]
    return [line for line in found if all(line.get(name) == value for name, value in wanted.items())]


def test_lines_about_an_image_have_its_id_request_id_and_trace_id(
    start_service: StartService, pipeline: Pipeline
) -> None:
    service = start_service(pipeline, options=["--log-level", "debug"])
    headers = {"X-Request-Id": "upload-17", "traceparent": TRACEPARENT}
    image = accepted(service, pipeline, headers=headers)
    other = accepted(service, pipeline)

    event = "image acknowledged"
    [acknowledged] = until(lambda: lines(service, event=event, image_id=image["id"]), "the line is written")
    assert (acknowledged["request_id"], acknowledged["trace_id"]) == ("upload-17", TRACE_ID)
    assert acknowledged["offset"] == image["offset"]
    [of_other] = until(lambda: lines(service, event=event, image_id=other["id"]), "the line is written")
    assert of_other["request_id"] != "upload-17"
    assert "trace_id" not in of_other
    assert {line["event"] for line in lines(service, request_id="upload-17")} == {
        "image acknowledged",
        "request completed",
    }


def test_a_response_has_the_id_of_its_request_or_a_new_one(shared: tuple[Service, Pipeline]) -> None:
    service, pipeline = shared
    assert post(service, pipeline, headers={"X-Request-Id": "a.b-1"}).headers["X-Request-Id"] == "a.b-1"
    for strange in ("x" * 200, "two words", 'a"b'):
        given = post(service, pipeline, headers={"X-Request-Id": strange}).headers["X-Request-Id"]
        assert given
        assert given != strange
