"""What the operations of the HTTP API need: all routes of the application are in the table."""

import pytest

from darkroom.access.right import Right
from darkroom_ingestion.access.needed import PUBLIC, SIGNED_IN, Needed, needed
from tests.support.services.routes import all_routes

PIPELINE = "/v1/pipelines/demo/digits"
ROUTES = all_routes()
REFUSED = {("GET", "/metrics")}
SIGNING_IN = {"/v1/session", "/v1/session/login", "/v1/session/callback"}
OPEN = {"/healthz", "/readyz", "/", "/p/some", "/assets/some"} | SIGNING_IN


def test_all_routes_of_the_application_are_in_the_table() -> None:
    assert len(ROUTES) > 30
    assert {route for route in ROUTES if needed(*route) is None} == REFUSED


def test_only_probes_signing_in_and_the_files_of_the_console_are_public() -> None:
    assert {path for method, path in ROUTES if needed(method, path) is PUBLIC} == OPEN


@pytest.mark.parametrize(
    ("method", "path", "rights"),
    [
        ("GET", "", [Right.READ]),
        ("POST", "/images", [Right.SUBMIT]),
        ("GET", "/images", [Right.READ]),
        ("HEAD", "/images/0-1/content", [Right.READ]),
        ("POST", "/images/0-1/analyze", [Right.SUBMIT, Right.READ]),
        ("GET", "/dead-letters", [Right.READ_DEAD_LETTERS]),
        ("GET", "/dead-letters/classify/0/1/content", [Right.READ_DEAD_LETTERS]),
        ("POST", "/dead-letters/redrive", [Right.REDRIVE]),
        ("DELETE", "/dead-letters/redrives/7", [Right.REDRIVE]),
    ],
)
def test_rights_of_operations(method: str, path: str, rights: list[Right]) -> None:
    assert needed(method, PIPELINE + path) == Needed(tuple(rights), "demo", "digits")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nothing"),
        ("GET", "/v1"),
        ("GET", "/v1/pipelines/"),
        ("GET", "/v1/pipelines/demo"),
        ("GET", "/v1/pipelines/demo/"),
        ("GET", "/v1/pipelines//digits"),
        ("GET", PIPELINE + "/"),
        ("GET", PIPELINE + "/images/"),
        ("GET", PIPELINE + "/images/*/content/more"),
        ("GET", PIPELINE + "//images"),
        ("PUT", PIPELINE + "/images"),
        ("DELETE", PIPELINE),
        ("POST", "/v1/pipelines"),
        ("POST", "/p/demo"),
        ("OPTIONS", PIPELINE + "/images"),
        ("GET", "/p"),
        ("GET", "//v1/pipelines"),
    ],
)
def test_all_other_requests_are_refused(method: str, path: str) -> None:
    assert needed(method, path) is None


def test_lists_need_a_caller() -> None:
    assert {needed("GET", path) for path in ("/v1/pipelines", "/v1/live", "/asyncapi.json", "/docs")} == {SIGNED_IN}
