"""Paths, headers and methods that name one pipeline to the check of rights and another to the routes."""

import http.client

import pytest

from tests.support.isolation.tenants import Tenant

PATHS = [
    "/v1/pipelines/{ours}/digits/../../{theirs}/digits/images",
    "/v1/pipelines/{ours}/digits/%2e%2e/%2e%2e/{theirs}/digits/images",
    "/v1/pipelines/{ours}/digits/images/..%2f..%2f..%2f{theirs}%2fdigits%2fimages",
    "/v1/pipelines/{ours}/digits%2f..%2f..%2f{theirs}%2fdigits/images",
    "/v1/pipelines/{theirs}%2fdigits/images",
    "/v1/pipelines/{theirs}/digits/images/",
    "/v1/pipelines/{theirs}//digits/images",
    "/v1/pipelines//{theirs}/digits/images",
    "//v1/pipelines/{theirs}/digits/images",
    "/v1//pipelines/{theirs}/digits/images",
    "/V1/pipelines/{theirs}/digits/images",
    "/v1/pipelines/{theirs}/digits/images;{ours}",
    "/v1/pipelines/{theirs}/digits/images%00",
    "/v1/pipelines/{theirs}/digits/images%3f{ours}",
    "/v1/pipelines/{theirs}/digits/%69mages",
    "/p/../v1/pipelines/{theirs}/digits/images",
    "/p/%2e%2e/v1/pipelines/{theirs}/digits/images",
    "/assets/..%2fv1/pipelines/{theirs}/digits/images",
    "http://127.0.0.1/v1/pipelines/{theirs}/digits/images",
    "/v1/live?pipeline={ours}/digits&pipeline={theirs}%2fdigits",
    "/v1/live?pipeline={theirs}/digits/",
]
HEADERS: list[dict[str, str]] = [
    {name: "/v1/pipelines/{theirs}/digits/images"} for name in ("X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Uri")
] + [{"X-Forwarded-Prefix": "/v1/pipelines/{theirs}/digits"}, {"X-Forwarded-User": "{theirs}"}]


@pytest.mark.parametrize("path", PATHS)
def test_no_spelling_of_a_path_leads_to_another_namespace(path: str, ours: Tenant, theirs: Tenant) -> None:
    status, text = asked(ours, path.format(ours=ours.ids["namespace"], theirs=theirs.ids["namespace"]), {}, ours.token)
    assert status >= 400 or text.startswith("<!doctype html>"), "the console's page has no data"
    assert theirs.ids["image_id"] not in text


@pytest.mark.parametrize("headers", HEADERS, ids=[next(iter(headers)) for headers in HEADERS])
def test_no_header_leads_to_another_namespace(headers: dict[str, str], ours: Tenant, theirs: Tenant) -> None:
    filled = {name: value.format(theirs=theirs.ids["namespace"]) for name, value in headers.items()}
    status, text = asked(ours, f"{ours.pipeline.path}/images", filled, ours.token)
    assert status == 200
    assert theirs.ids["image_id"] not in text
    assert asked(ours, f"{theirs.pipeline.path}/images", filled, ours.token)[0] == 403


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "PATCH", "TRACE", "GETX"])
def test_no_method_is_forgotten(method: str, ours: Tenant, theirs: Tenant) -> None:
    status, text = asked(ours, f"{theirs.pipeline.path}/images", {}, ours.token, method=method)
    assert status in {400, 403}
    assert theirs.ids["image_id"] not in text


def test_a_token_counts_only_in_its_header_and_only_once(ours: Tenant, theirs: Tenant) -> None:
    path = f"{theirs.pipeline.path}/images"
    for query in ("access_token", "token", "authorization"):
        assert asked(ours, f"{path}?{query}={theirs.token}", {})[0] == 401
    assert asked(ours, path, {"Cookie": f"darkroom_session={theirs.token}"})[0] == 401
    for tokens in ([ours.token, theirs.token], [theirs.token, ours.token]):
        assert asked(ours, path, {}, *tokens)[0] == 401


def asked(tenant: Tenant, path: str, headers: dict[str, str], *tokens: str, method: str = "GET") -> tuple[int, str]:
    """The status and the body of the response to a request, whose path is sent as it is."""
    connection = http.client.HTTPConnection("127.0.0.1", tenant.service.port, timeout=30)
    try:
        connection.putrequest(method, path, skip_host=True)
        connection.putheader("Host", f"127.0.0.1:{tenant.service.port}")
        for token in tokens:
            connection.putheader("Authorization", f"Bearer {token}")
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        endless = answer.getheader("Content-Type", "").startswith("text/event-stream")
        return answer.status, "" if endless else answer.read().decode()
    finally:
        connection.close()
