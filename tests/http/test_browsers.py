"""Browsers: requests from other origins, and a documentation page without external resources."""

import re
from collections.abc import Callable

import pytest

from tests.support.services.ingestion import JPEG, Pipeline, Service

StartService = Callable[..., Service]
Shared = tuple[Service, Pipeline]
CONSOLE = "https://console.example.com"
FILES = {"file": ("one.jpg", JPEG, "image/jpeg")}


@pytest.mark.parametrize(
    "origin", ["https://evil.example.com", "null", "http://127.0.0.1.evil.example.com", "http://[", "http://[::1"]
)
def test_a_page_of_another_site_can_send_nothing_to_a_service_on_loopback(shared: Shared, origin: str) -> None:
    service, pipeline = shared
    with service.client as client:
        refused = client.post(f"{pipeline.path}/images", files=FILES, headers={"Origin": origin})

    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (403, "foreign-page")


@pytest.mark.parametrize("host", ["evil.example.com", "evil.example.com:8080", "", "[", "[::1", "a]", "[x]"])
def test_a_foreign_name_that_resolves_to_loopback_is_refused(shared: Shared, host: str) -> None:
    service, pipeline = shared
    with service.client as client:
        assert client.get(f"{pipeline.path}/results", headers={"Host": host}).status_code == 403


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1", "[::1]:8080", "darkroom.localhost"])
def test_names_of_this_machine_are_accepted(shared: Shared, host: str) -> None:
    service, pipeline = shared
    headers = {"Host": host, "Origin": f"http://{host}"}
    with service.client as client:
        assert client.post(f"{pipeline.path}/images", files=FILES, headers=headers).status_code == 202


def test_origins_that_are_listed_may_use_the_api_and_no_others(start_service: StartService, pipeline: Pipeline) -> None:
    service = start_service(pipeline, options=["--cors-origins", f"{CONSOLE}, https://other.example.com"])
    asked = {"Origin": CONSOLE, "Access-Control-Request-Method": "POST"}
    asked_headers = {"Access-Control-Request-Headers": "content-type,idempotency-key,prefer"}
    with service.client as client:
        preflight = client.options(f"{pipeline.path}/images", headers=asked | asked_headers)
        sent = client.post(f"{pipeline.path}/images", files=FILES, headers={"Origin": CONSOLE})
        foreign = client.get(pipeline.path, headers={"Origin": "https://evil.example.com"})

    assert (preflight.status_code, preflight.headers["Access-Control-Allow-Origin"]) == (200, CONSOLE)
    assert (sent.status_code, sent.headers["Access-Control-Allow-Origin"]) == (202, CONSOLE)
    assert "Location" in sent.headers["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Origin" not in foreign.headers


def test_no_origin_may_use_the_api_by_default(shared: Shared) -> None:
    service, pipeline = shared
    with service.client as client:
        answer = client.get(pipeline.path, headers={"Origin": "http://localhost:3000"})
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_the_documentation_needs_no_other_server_and_no_script(shared: Shared) -> None:
    service, _ = shared
    with service.client as client:
        page = client.get("/docs")
        document = client.get("/openapi.json").json()
        linked = re.findall(r'(?:src|href)="([^"#]+)"', page.text)
        assert {path for path in linked if path.startswith("/")} == {
            "/docs/style.css",
            "/openapi.json",
            "/asyncapi.json",
        }
        assert {path for path in linked if not path.startswith("/")} == {"data:,"}
        assert client.get("/docs/style.css").headers["Content-Type"].startswith("text/css")

    assert "<script" not in page.text
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
    for path, methods in document["paths"].items():
        assert path in page.text
        for operation in methods.values():
            assert operation["summary"] in page.text.replace("&#x27;", "'")
