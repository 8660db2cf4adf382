"""Downloads: ranges, HEAD, and clients that do not read."""

import socket
import time
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from tests.support.kafka import SharedKafka
from tests.support.services.ingestion import JPEG, Pipeline, Service, accepted, make_pipeline
from tests.support.until import until

StartService = Callable[..., Service]
Shared = tuple[Service, Pipeline]


def test_a_range_of_an_image_can_be_downloaded(shared: Shared) -> None:
    service, pipeline = shared
    path = f"{pipeline.path}/images/{accepted(service, pipeline)['id']}/content"
    with service.client as client:
        whole = client.get(path)
        part = client.get(path, headers={"Range": "bytes=10-19"})
        beyond = client.get(path, headers={"Range": f"bytes={len(JPEG)}-"})
        same = client.get(path, headers={"Range": "bytes=-5", "If-Range": whole.headers["ETag"]})
        other = client.get(path, headers={"Range": "bytes=-5", "If-Range": '"another"'})

    assert (whole.status_code, whole.content, whole.headers["Accept-Ranges"]) == (200, JPEG, "bytes")
    assert (part.status_code, part.content) == (206, JPEG[10:20])
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(JPEG)}"
    assert (same.status_code, same.content) == (206, JPEG[-5:])
    assert (other.status_code, other.content) == (200, JPEG)
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{len(JPEG)}")
    assert beyond.headers["Content-Type"] == "application/problem+json"


def test_every_get_has_head(shared: Shared) -> None:
    service, pipeline = shared
    image = accepted(service, pipeline)["id"]
    paths = [
        *("/healthz", "/readyz", "/v1/pipelines", pipeline.path, f"{pipeline.path}/results"),
        *(f"{pipeline.path}/images/{image}", f"{pipeline.path}/images/{image}/content", "/openapi.json"),
        *(f"{pipeline.path}/dead-letters", f"{pipeline.path}/images/none", "/nowhere"),
    ]
    with service.client as client:
        for path in paths:
            head, get = client.head(path), client.get(path)
            assert (head.status_code, head.content) == (get.status_code, b""), path
            assert head.headers["Content-Type"] == get.headers["Content-Type"], path
            if path != "/readyz":
                assert head.headers["Content-Length"] == get.headers["Content-Length"], path
        events = client.head(f"{pipeline.path}/events")
        assert (events.status_code, events.headers["Content-Type"]) == (200, "text/event-stream; charset=utf-8")
        assert client.head(f"{pipeline.path}/dead-letters/redrive").status_code == 405


def test_clients_that_do_not_read_their_downloads_are_bounded(start_service: StartService, kafka: SharedKafka) -> None:
    """Each holds a share of the memory for bodies. Without enough memory, the response is 503."""
    pipeline = make_pipeline(kafka.bootstrap_servers, max_bytes="8Mi")
    service = start_service(pipeline, options=["--body-memory", "20Mi"])
    image = accepted(service, pipeline, JPEG.ljust(8 * 2**20, b"\0"))["id"]
    request = f"GET {pipeline.path}/images/{image}/content HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    with ExitStack() as stack:
        for _ in range(2):
            idle = stack.enter_context(socket.socket())
            idle.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            idle.connect(("127.0.0.1", service.port))
            idle.sendall(request)
            assert idle.recv(12) == b"HTTP/1.1 200"
        with service.client as client:
            refused = client.get(f"{pipeline.path}/images/{image}/content")
            assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (503, "busy")
            assert refused.headers["Retry-After"]
            # They are disconnected soon, without having read more.
            until(
                lambda: client.get(f"{pipeline.path}/images/{image}/content").status_code == 200,
                "the memory of clients that do not read is free again",
            )
    assert service.log.count("closed the connection of a client that does not read") >= 1


@pytest.mark.parametrize("header", ["bytes=0-1", "bytes=nonsense"])
def test_a_dead_letter_has_ranges_too(start_service: StartService, pipeline: Pipeline, header: str) -> None:
    service = start_service(pipeline)
    pipeline.fail(accepted(service, pipeline))
    with service.client as client:
        path = f"{pipeline.path}/dead-letters"
        [letter] = until(lambda: client.get(path).json()["deadLetters"], "the dead letter is there")
        answer = client.get(letter["content"], headers={"Range": header})

    assert answer.content == (JPEG[:2] if answer.status_code == 206 else JPEG)


def test_images_of_one_partition_are_read_without_pauses(shared: Shared) -> None:
    """Kafka's client waits 1 s before it fetches from a partition again of which it has more than it was asked for."""
    service, pipeline = shared
    paths = [
        f"{pipeline.path}/images/{accepted(service, pipeline, params={'key': 'camera-7'})['id']}/content"
        for _ in range(8)
    ]
    slow = 0
    with service.client as client:
        for path in paths * 6:
            started = time.monotonic()
            assert client.get(path).status_code == 200
            slow += time.monotonic() - started > 0.9
    assert slow <= 3
