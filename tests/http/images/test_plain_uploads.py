"""A plain upload and the same request in the framework's route have the same response."""

import json
import re
import socket
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest

from tests.support.services.ingestion import JPEG, PNG, Pipeline, Service, headers_of
from tests.support.until import until

Shared = tuple[Service, Pipeline]
# The framework's route handles every request with a Prefer header. This preference changes nothing.
FRAMEWORK = {"Prefer": "respond-async"}
REQUESTS: dict[str, tuple[str, Mapping[str, str], bytes]] = {
    "image": ("", {"Content-Type": "image/jpeg"}, JPEG),
    "image with a key": ("?key=camera-7", {"Content-Type": "image/jpeg; quality=9"}, JPEG),
    "image of an unnamed format": ("", {"Content-Type": "application/octet-stream"}, PNG),
    "image of no media type": ("", {}, PNG),
    "trace": ("", {"Content-Type": "image/png", "traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}, PNG),
    "empty body": ("", {"Content-Type": "image/jpeg"}, b""),
    "no image": ("", {"Content-Type": "image/jpeg"}, b"<svg/>"),
    "another format": ("", {"Content-Type": "image/jpeg"}, PNG),
    "body that is too large": ("", {"Content-Type": "image/jpeg"}, JPEG.ljust(200 * 1024, b"\0")),
    "media type that is not accepted": ("", {"Content-Type": "image/svg+xml"}, b"<svg/>"),
    "empty key": ("?key=", {"Content-Type": "image/jpeg"}, JPEG),
    "long key": (f"?key={'k' * 257}", {"Content-Type": "image/jpeg"}, JPEG),
    "key of other characters": ("?key=caf%C3%A9%20%2B", {"Content-Type": "image/jpeg"}, JPEG),
    "foreign host": ("", {"Content-Type": "image/jpeg", "Host": "images.example.com"}, JPEG),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_plain_upload_is_answered_as_by_the_framework(shared: Shared, name: str) -> None:
    service, pipeline = shared
    query, headers, body = REQUESTS[name]
    with service.client as client:
        plain, framework = (
            comparable(client.post(f"{pipeline.path}/images{query}", headers=more, content=body))
            for more in (headers, headers | FRAMEWORK)
        )
    assert plain == framework


def test_both_ways_publish_the_same_record(shared: Shared) -> None:
    service, pipeline = shared
    query, headers, body = "?key=same", REQUESTS["trace"][1], PNG
    with service.client as client:
        ids = [
            client.post(f"{pipeline.path}/images{query}", headers=more, content=body).json()["id"]
            for more in (headers, headers | FRAMEWORK)
        ]
    found = {
        dict(record.headers() or [])["ce_id"].decode(): record for record in pipeline.records(pipeline.images_topic)
    }
    plain, framework = (found[image_id] for image_id in ids)
    assert (plain.key(), plain.value()) == (framework.key(), framework.value()) == (b"same", PNG)
    own = {"ce_id", "ce_time"}
    headers_of = [[(n, v) for n, v in record.headers() or [] if n not in own] for record in (plain, framework)]
    assert headers_of[0] == headers_of[1]
    assert all(
        re.fullmatch(rb"[-\d]{10}T[:\d]{8}\.\d{3}Z", dict(r.headers() or [])["ce_time"]) for r in (plain, framework)
    )


def test_uploads_that_do_not_wait_for_the_response_before_are_answered_in_order(shared: Shared) -> None:
    service, pipeline = shared
    lines = ["Host: localhost", "Content-Type: image/jpeg", f"Content-Length: {len(JPEG)}"]
    keys, received = ("first", "second", "third"), b""
    with socket.create_connection(("127.0.0.1", service.port), timeout=30) as connection:
        for key in keys:
            head = "\r\n".join([f"POST {pipeline.path}/images?key={key} HTTP/1.1", *lines, "", ""])
            connection.sendall(head.encode() + JPEG)
        while received.count(b"}") < len(keys):
            received += (more := connection.recv(65_536))
            assert more, f"the connection was closed: {received!r}"
    assert received.count(b"HTTP/1.1 202") == len(keys)
    ids = [match.decode() for match in re.findall(rb'"id": "([^"]+)"', received)]
    records = {headers_of(record)["ce_id"]: record for record in pipeline.records(pipeline.images_topic)}
    assert [records[image_id].key() for image_id in ids] == [key.encode() for key in keys]


def test_an_upload_whose_client_has_gone_is_published(shared: Shared) -> None:
    service, pipeline = shared
    lines = ["Host: localhost", "Content-Type: image/jpeg", f"Content-Length: {len(JPEG)}"]
    head = "\r\n".join([f"POST {pipeline.path}/images?key=gone HTTP/1.1", *lines, "", ""])
    with socket.create_connection(("127.0.0.1", service.port), timeout=30) as connection:
        connection.sendall(head.encode() + JPEG)
    until(lambda: b"gone" in {r.key() for r in pipeline.records(pipeline.images_topic)}, "the image is published")
    until(service.is_ready, "the service is ready")


def comparable(response: httpx.Response) -> tuple[int, dict[str, str], Any]:
    """Status, headers and document without what differs between two requests."""
    document = json.loads(response.content)
    varying = {document[name] for name in ("id",) if name in document}
    headers = {n: _without(v, varying) for n, v in response.headers.items() if n not in {"x-request-id", "date"}}
    if "id" in document:
        assert document.pop("offset") >= 0
        assert headers.pop("content-length")
        document["id"], document["partition"] = len(document["id"]), type(document["partition"])
    assert response.headers["x-request-id"]
    return response.status_code, headers, document


def _without(text: str, parts: set[str]) -> str:
    for part in parts:
        text = text.replace(part, "ID")
    return text


@pytest.mark.parametrize("way", [{}, FRAMEWORK], ids=["plain", "framework"])
def test_an_image_that_is_not_sampled_says_so_in_one_header(
    pipeline: Pipeline, start_service: Callable[..., Service], monkeypatch: pytest.MonkeyPatch, way: Mapping[str, str]
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")  # nothing is sent there
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    sampled, state = f"00-{'a' * 32}-{'b' * 16}-01", {"tracestate": "vendor=1"}
    with start_service(pipeline).client as client:
        for trace in ({}, {"traceparent": sampled} | state, {"traceparent": "nonsense"} | state):
            headers = {"Content-Type": "image/png"} | trace | way
            assert client.post(f"{pipeline.path}/images?key=same", headers=headers, content=PNG).is_success
    new, continued, replaced = (
        [(name, value.decode()) for name, value in record.headers() or [] if name.startswith("trace")]
        for record in pipeline.records(pipeline.images_topic)
    )
    for found in (new, continued, replaced):
        [traceparent] = [value for name, value in found if name == "traceparent"]
        assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-00", traceparent)
    assert dict(continued)["traceparent"].startswith(sampled[:36])
    assert [("tracestate" in dict(found)) for found in (new, continued, replaced)] == [False, True, True]
