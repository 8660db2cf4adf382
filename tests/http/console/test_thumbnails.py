"""Thumbnails of images and dead letters."""

import io
import socket
from concurrent.futures import ThreadPoolExecutor

from PIL import Image

from tests.support.services.ingestion import JPEG, PNG, Pipeline, Service, accepted
from tests.support.until import until

Shared = tuple[Service, Pipeline]
ROUTE = "/v1/pipelines/{namespace}/{name}/images/{image_id}/thumbnail"


def test_a_thumbnail_is_a_small_webp_file_that_is_cached(shared: Shared) -> None:
    service, pipeline = shared
    wide = io.BytesIO()
    Image.new("RGB", (800, 400), "red").save(wide, "PNG")
    path = f"{pipeline.path}/images/{accepted(service, pipeline, wide.getvalue(), content_type='image/png')['id']}"
    with service.client as client:
        first = client.get(f"{path}/thumbnail")
        small = client.get(f"{path}/thumbnail", params={"size": 160})
        again = client.get(f"{path}/thumbnail", headers={"If-None-Match": first.headers["ETag"]})
        refused = client.get(f"{path}/thumbnail", params={"size": 5000})

    assert (first.status_code, first.headers["Content-Type"]) == (200, "image/webp")
    assert Image.open(io.BytesIO(first.content)).size == (320, 160)
    assert Image.open(io.BytesIO(small.content)).size == (160, 80)
    assert small.headers["ETag"] != first.headers["ETag"]
    assert (again.status_code, again.content) == (304, b"")
    assert first.headers["Cache-Control"].startswith("private")
    assert first.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert first.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert refused.status_code == 422


def test_a_file_that_cannot_be_decoded_has_no_thumbnail(shared: Shared) -> None:
    service, pipeline = shared
    image = accepted(service, pipeline, PNG[:-40], content_type="image/png")
    with service.client as client:
        for _ in range(2):
            refused = client.get(f"{pipeline.path}/images/{image['id']}/thumbnail")
            assert (refused.status_code, refused.headers["Content-Type"]) == (415, "application/problem+json")
            assert "PNG file cannot be decoded" in refused.json()["detail"]
        assert client.get(f"{pipeline.path}/images/none/thumbnail").status_code == 404


def test_a_dead_letter_has_a_thumbnail_too(shared: Shared) -> None:
    service, pipeline = shared
    pipeline.fail(accepted(service, pipeline), value=JPEG)
    with service.client as client:
        [letter, *_] = until(
            lambda: client.get(f"{pipeline.path}/dead-letters").json()["deadLetters"], "the dead letter is there"
        )
        path = letter["content"].removesuffix("content")
        made = client.get(f"{path}thumbnail")
        gone = client.get(f"{pipeline.path}/dead-letters/classify/0/999999/thumbnail")
        unknown = client.get(f"{pipeline.path}/dead-letters/none/0/0/thumbnail")

    assert Image.open(io.BytesIO(made.content)).size == (64, 64)
    assert (gone.status_code, unknown.status_code) == (410, 422)


def test_a_thumbnail_that_many_request_at_once_is_for_all_of_them(shared: Shared) -> None:
    service, pipeline = shared
    files = [JPEG, PNG[:-40]]
    with service.client as client, ThreadPoolExecutor(8) as threads:
        for file, expected in zip(files, ({200}, {415}), strict=True):
            image = accepted(service, pipeline, file, content_type="image/jpeg" if file == JPEG else "image/png")
            path = f"{pipeline.path}/images/{image['id']}/thumbnail"
            responses = list(threads.map(lambda _, path=path: client.get(path), range(24)))
            assert {response.status_code for response in responses} == expected
            assert len({response.content for response in responses}) == 1


def test_a_client_that_disconnects_before_it_has_its_thumbnail_is_counted_once(shared: Shared) -> None:
    service, pipeline = shared

    def counted() -> int:
        lines = client.get("/metrics").text.splitlines()
        of_thumbnails = [line for line in lines if line.startswith("darkroom_http_requests_total") and ROUTE in line]
        return sum(int(float(line.rpartition(" ")[2])) for line in of_thumbnails)

    with service.client as client:
        before = counted()
        for _ in range(10):
            path = f"{pipeline.path}/images/{accepted(service, pipeline)['id']}/thumbnail"
            for _ in range(3):
                with socket.create_connection(("127.0.0.1", service.port), timeout=60) as connection:
                    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            assert client.get(path).status_code == 200
        until(lambda: counted() - before == 40, "every request is counted")
