"""POST images: accepted and refused requests, and the records in the topic."""

import json
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from cloudevents.v1.kafka import KafkaMessage, from_binary

from darkroom.image_header import MEDIA_TYPES
from tests.support.images.pictures import encoded, picture
from tests.support.services.ingestion import JPEG, PNG, Pipeline, Service, accepted, document, headers_of, post

Shared = tuple[Service, Pipeline]
PROBLEM = "application/problem+json"


def head(pipeline: Pipeline, *lines: str) -> bytes:
    return "\r\n".join([f"POST {pipeline.path}/images HTTP/1.1", "Host: localhost", *lines, "", ""]).encode()


def read_answer(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    received = b""
    while b"\r\n\r\n" not in received:
        received += (more := connection.recv(65_536))
        assert more, f"the connection was closed: {received!r}"
    top, _, body = received.partition(b"\r\n\r\n")
    status, *lines = top.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        body += connection.recv(65_536)
    return int(status.split()[1]), headers, body


def test_at_the_202_the_image_is_in_the_topic_as_a_cloudevent(shared: Shared) -> None:
    service, pipeline = shared
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    answer = post(service, pipeline, params={"key": "camera-7"}, headers={"traceparent": trace})

    assert answer.status_code == 202
    image = answer.json()
    assert set(image) == {"id", "topic", "partition", "offset"}
    assert answer.headers["Location"] == f"{pipeline.path}/images/{image['id']}"
    position = (image["partition"], image["offset"])
    [record] = [found for found in pipeline.records(image["topic"]) if (found.partition(), found.offset()) == position]
    assert record.key() == b"camera-7"
    assert record.value() == JPEG
    event = from_binary(
        KafkaMessage(dict(record.headers()), record.key(), record.value()), data_unmarshaller=lambda b: b
    )
    assert event["id"] == image["id"]
    assert event["type"] == "dev.darkroom.image.received"
    assert event["source"] == f"/darkroom/{pipeline.namespace}/{pipeline.name}"
    assert event["datacontenttype"] == "image/jpeg"
    assert headers_of(record)["traceparent"] == trace


def test_an_image_is_found_right_after_its_202(shared: Shared) -> None:
    service, pipeline = shared
    with ThreadPoolExecutor(8) as threads:
        images = list(threads.map(lambda _: accepted(service, pipeline), range(40)))
        documents = list(threads.map(lambda image: document(service, pipeline, image["id"]), images))

    assert [found["id"] for found in documents] == [image["id"] for image in images]
    assert {found["state"] for found in documents} == {"Received"}
    assert documents[0]["image"] == {
        "topic": pipeline.images_topic,
        "partition": images[0]["partition"],
        "offset": images[0]["offset"],
        "contentType": "image/jpeg",
        "bytes": len(JPEG),
    }


def test_images_of_one_key_keep_their_order(shared: Shared) -> None:
    service, pipeline = shared
    images = [accepted(service, pipeline, params={"key": "one key"}) for _ in range(20)]

    assert len({image["partition"] for image in images}) == 1
    assert [image["offset"] for image in images] == sorted(image["offset"] for image in images)
    assert [image["id"] for image in images] == sorted(image["id"] for image in images)


def test_concurrent_images_larger_than_a_batch_in_total_are_accepted(shared: Shared) -> None:
    """Kafka limits a batch of records by the same setting as a single record."""
    service, pipeline = shared
    largest = JPEG.ljust(100 * 1024, b"\0")
    files = [("file", (f"{number}.jpg", largest, "image/jpeg")) for number in range(30)]
    with service.client as client:
        answer = client.post(f"{pipeline.path}/images", files=files, params={"key": "one partition"})

    assert answer.status_code == 202
    assert all("id" in image for image in answer.json()["images"])


@pytest.mark.parametrize(
    ("body", "content_type", "status", "title"),
    [
        (b"Dear Sir or Madam, this is a letter and no image.", "image/jpeg", 400, "Not an image"),
        (b"", "image/jpeg", 400, "Not an image"),
        (PNG, "image/jpeg", 400, "Not an image"),
        (b"GIF89a" + bytes(100), "application/octet-stream", 400, "Not an image"),
        (JPEG, "text/plain", 415, "Unsupported media type"),
        (b"<svg/>", "image/svg+xml", 415, "Unsupported media type"),
        (JPEG + bytes(100 * 1024), "image/jpeg", 413, "Body too large"),
    ],
)
def test_a_body_that_is_not_an_image_is_refused(
    shared: Shared, body: bytes, content_type: str, status: int, title: str
) -> None:
    service, pipeline = shared
    answer = post(service, pipeline, body, content_type)

    assert answer.status_code == status
    assert answer.headers["content-type"] == PROBLEM
    problem = answer.json()
    assert problem["status"] == status
    assert problem["title"] == title
    assert problem["type"].startswith("https://")
    assert problem["detail"]
    assert problem["instance"] == f"{pipeline.path}/images"


@pytest.mark.parametrize(
    ("kind", "declared", "taken"),
    [
        ("GIF", "image/gif", "image/gif"),
        ("AVIF", "image/avif", "image/avif"),
        ("JPEG2000", "image/jp2", "image/jp2"),
        ("PPM", "image/x-portable-pixmap", "image/x-portable-anymap"),
        ("PPM", "application/octet-stream", "image/x-portable-anymap"),
    ],
)
def test_every_format_is_accepted(shared: Shared, kind: str, declared: str, taken: str) -> None:
    service, pipeline = shared
    image = accepted(service, pipeline, encoded(picture(20, 30), kind), content_type=declared)

    assert document(service, pipeline, image["id"])["image"]["contentType"] == taken


def test_heic_of_a_phone_is_accepted_under_both_media_types(shared: Shared) -> None:
    service, pipeline = shared
    heic = (Path(__file__).parents[2] / "support" / "images" / "turned-6.heic").read_bytes()
    for declared in ("image/heic", "image/heif"):
        image = accepted(service, pipeline, heic, content_type=declared)
        assert document(service, pipeline, image["id"])["image"]["contentType"] == "image/heic"


def test_an_unsupported_media_type_is_refused_with_the_supported_ones(shared: Shared) -> None:
    service, pipeline = shared
    answer = post(service, pipeline, b"<svg/>", "image/svg+xml")

    assert answer.headers["accept"].split(", ") == list(MEDIA_TYPES.values())
    assert all(media_type in answer.json()["detail"] for media_type in MEDIA_TYPES.values())


@pytest.mark.parametrize("content_type", ["application/octet-stream", "IMAGE/PNG", "image/png; charset=binary", ""])
def test_the_bytes_decide_if_the_media_type_is_generic(shared: Shared, content_type: str) -> None:
    service, pipeline = shared
    image = accepted(service, pipeline, PNG, content_type=content_type)

    assert document(service, pipeline, image["id"])["image"]["contentType"] == "image/png"


def test_errors_of_the_framework_are_problem_documents_too(shared: Shared) -> None:
    service, pipeline = shared
    with service.client as client:
        answers = {
            404: [client.get("/nowhere"), client.post("/v1/pipelines/demo/none/images", content=JPEG)],
            405: [client.delete(f"{pipeline.path}/images")],
            422: [
                client.get(f"{pipeline.path}/results?limit=many"),
                post(service, pipeline, params={"key": "k" * 257}),
            ],
        }
    for status, of_status in answers.items():
        for answer in of_status:
            assert answer.status_code == status
            assert answer.headers["content-type"] == PROBLEM
            assert answer.json()["status"] == status


def test_an_announced_body_that_is_too_large_is_refused_before_it_is_sent(shared: Shared) -> None:
    service, pipeline = shared
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as connection:
        connection.sendall(head(pipeline, "Content-Type: image/jpeg", "Content-Length: 100000000000"))
        status, headers, body = read_answer(connection)

    assert status == 413
    assert headers["content-type"] == PROBLEM
    assert json.loads(body)["maxBytes"] == 100 * 1024


def test_an_endless_body_is_refused_without_being_read_to_its_end(shared: Shared) -> None:
    service, pipeline = shared
    chunk = b"2000\r\n" + JPEG.ljust(0x2000, b"\0") + b"\r\n"
    sent = 0
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as connection:
        connection.sendall(head(pipeline, "Content-Type: image/jpeg", "Transfer-Encoding: chunked"))
        try:
            while sent < 500 * 2**20:
                connection.sendall(chunk)
                sent += len(chunk)
        except OSError:
            pass  # the service has closed the connection
        status, _, _ = read_answer(connection)

    assert status == 413
    assert sent < 20 * 2**20


def test_a_slow_client_times_out_and_delays_no_other(start_service: Callable[..., Service], pipeline: Pipeline) -> None:
    service = start_service(pipeline, options=["--body-timeout", "1"])
    with socket.create_connection(("127.0.0.1", service.port), timeout=30) as slow:
        slow.sendall(head(pipeline, "Content-Type: image/jpeg", "Content-Length: 1000") + JPEG[:10])
        assert accepted(service, pipeline)
        status, headers, _ = read_answer(slow)

    assert status == 408
    assert headers["content-type"] == PROBLEM
    assert [record.value() for record in pipeline.records(pipeline.images_topic)] == [JPEG]


def test_a_client_that_disconnects_in_a_body_leaves_nothing(shared: Shared) -> None:
    service, pipeline = shared
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as connection:
        connection.sendall(head(pipeline, "Content-Type: image/jpeg", "Content-Length: 1000") + JPEG[:500])

    before = accepted(service, pipeline, params={"key": "after"})
    after = accepted(service, pipeline, params={"key": "after"})
    assert after["offset"] == before["offset"] + 1


def test_an_endless_head_is_refused(shared: Shared) -> None:
    service, pipeline = shared
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as connection:
        connection.sendall(head(pipeline)[:-2])
        try:
            for number in range(10_000):
                connection.sendall(f"X-Padding-{number}: {'x' * 1000}\r\n".encode())
        except OSError:
            pass  # closed, but the response may have arrived
        connection.settimeout(10)
        with suppress(ConnectionResetError):
            assert connection.recv(100).startswith(b"HTTP/1.1 431")


def test_the_total_memory_of_bodies_is_bounded(start_service: Callable[..., Service], pipeline: Pipeline) -> None:
    service = start_service(pipeline, options=["--body-memory", "60Ki"])
    with socket.create_connection(("127.0.0.1", service.port), timeout=30) as holder:
        holder.sendall(head(pipeline, "Content-Type: image/jpeg", "Content-Length: 90000") + JPEG.ljust(55_000, b"\0"))

        def busy() -> bool:
            answer = post(service, pipeline, JPEG.ljust(10_000, b"\0"))
            if answer.status_code == 202:
                return False
            assert answer.status_code == 503
            assert int(answer.headers["Retry-After"]) >= 1
            return True

        deadline = time.monotonic() + 30
        while not busy():
            assert time.monotonic() < deadline
    while post(service, pipeline, JPEG.ljust(10_000, b"\0")).status_code != 202:
        assert time.monotonic() < deadline + 30
