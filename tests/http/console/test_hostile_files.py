"""What a browser may do with files of clients, and paths that leave the console's folder."""

import socket
import uuid

import pytest

from tests.support.services.ingestion import Pipeline, Service
from tests.support.until import until

Shared = tuple[Service, Pipeline]
PAGE = b"\x89PNG\r\n\x1a\n<script>alert(1)</script>"


def downloaded(shared: Shared, image_id: str, content_type: str) -> dict[str, str]:
    """The headers of an image that a producer has published without the service."""
    service, pipeline = shared
    headers = [
        *(("ce_id", image_id.encode()), ("ce_specversion", b"1.0"), ("ce_type", b"dev.darkroom.image.received")),
        ("content-type", content_type.encode()),
    ]
    pipeline.publish(pipeline.images_topic, PAGE, headers, image_id.encode(), 0)
    with service.client as client:
        path = f"{pipeline.path}/images/{image_id}/content"
        answer = until(lambda: a if (a := client.get(path)).status_code == 200 else None, f"{image_id} is there")
    assert answer.content == PAGE
    return dict(answer.headers)


@pytest.mark.parametrize(
    ("said", "sent", "disposition"),
    [
        ("image/png", "image/png", "inline"),
        ("image/svg+xml", "application/octet-stream", "attachment"),
        ("text/html", "application/octet-stream", "attachment"),
        ("image/png; text/html", "application/octet-stream", "attachment"),
    ],
)
def test_a_file_of_a_client_is_never_executed(shared: Shared, said: str, sent: str, disposition: str) -> None:
    headers = downloaded(shared, uuid.uuid4().hex, said)

    assert (headers["content-type"], headers["content-disposition"]) == (sent, disposition)
    assert headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize(
    "path",
    [
        *("/assets/../__main__.py", "/assets/..%2f__main__.py", "/assets/%2e%2e/%2e%2e/__main__.py"),
        *(
            "/../../../../etc/passwd",
            "/assets//etc/passwd",
            "/assets/..\\__main__.py",
            "/assets/%00.js",
            "//etc/passwd",
        ),
    ],
)
def test_no_path_leaves_the_folder_of_the_console(shared: Shared, path: str) -> None:
    """Sent as it is: clients normalise paths."""
    service, _ = shared
    with socket.create_connection(("127.0.0.1", service.port), 10) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))

    assert answer.startswith(b"HTTP/1.1 404 "), answer
    assert b"application/problem+json" in answer.lower()


def test_the_console_is_at_the_root_and_says_so_if_it_is_not_built(shared: Shared) -> None:
    service, pipeline = shared
    with service.client as client:
        page = client.get("/", headers={"Accept": "text/html"})
        screen = client.get(f"/p/{pipeline.namespace}/{pipeline.name}/live")

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.status_code == 200 or "make console" in page.text
    assert screen.content == page.content
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["referrer-policy"] == "no-referrer"
