"""Uploads of checked, limited and audited callers have the same outcome whether or not they take the short way."""

from collections.abc import Iterator

import pytest

from tests.http.access.both_ways import BYTES, CREDENTIALS, REQUESTS, Headers, Sent, Side, both_ways
from tests.support.kafka import SharedKafka
from tests.support.services.ingestion import JPEG, PNG, make_pipeline
from tests.support.until import until

IMAGE = ("Content-Type", "image/jpeg")


def upload(
    headers: Headers = (IMAGE,),
    body: bytes = JPEG,
    query: str = "",
    pipeline: str | None = None,
    credentials: Headers = CREDENTIALS,
) -> Sent:
    return Sent("POST", "images", headers, body, query, pipeline, credentials)


UPLOADS = {
    "image": upload(),
    "image-with-a-key": upload(query="?key=camera-7"),
    "image-of-a-client-behind-a-proxy": upload((IMAGE, ("X-Forwarded-For", "192.0.2.1, 192.0.2.2"))),
    "trace": upload((IMAGE, ("traceparent", f"00-{'a' * 32}-{'b' * 16}-01"))),
    "idempotency-key": upload((IMAGE, ("Idempotency-Key", "once"))),
    "page-of-another-site": upload((IMAGE, ("Origin", "https://images.example.com"))),
    "foreign-host": upload((IMAGE, ("Host", "images.example.com"))),
    "empty-body": upload(body=b""),
    "no-image": upload(body=b"<svg/>"),
    "another-format": upload(body=PNG),
    "media-type-that-is-not-accepted": upload((("Content-Type", "image/svg+xml"),)),
    "body-that-is-too-large": upload(body=JPEG.ljust(5_000, b"\0")),
    "body-for-which-there-is-no-memory": upload(body=JPEG.ljust(3_000, b"\0")),
    "invalid-key": upload(query="?key="),
    "unknown-pipeline": upload(pipeline="unknown"),
    "no-credential": upload(credentials=()),
    "empty-token": upload(credentials=(("Authorization", "Bearer "),)),
    "unknown-token": upload(credentials=(("Authorization", "Bearer unknown"),)),
    "other-scheme": upload(credentials=(("Authorization", "Basic {token}"),)),
    "two-tokens": upload(credentials=(("Authorization", "Bearer {token}"),) * 2),
    "token-in-the-query": upload(query="?token={token}"),
    "cookie-of-no-session": upload(credentials=(("Cookie", "darkroom_session=none"),)),
    "no-right": upload(credentials=(("Authorization", "Bearer {token}-of-another"),)),
    "no-right-and-no-image": upload(body=b"", credentials=(("Authorization", "Bearer {token}-of-another"),)),
}


@pytest.fixture(scope="module", params=[BYTES, REQUESTS], ids=lambda option: option[0].strip("-"))
def sides(
    kafka: SharedKafka, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[tuple[Side, Side]]:
    pipeline = make_pipeline(kafka.bootstrap_servers, max_bytes="4Ki")
    options = ["--body-memory", "2Ki", *request.param]
    with both_ways(tmp_path_factory.mktemp("sides"), pipeline, list(UPLOADS), "Submit", "Read", options) as made:
        yield made


@pytest.mark.parametrize("name", UPLOADS)
def test_uploads_have_the_same_outcome_both_ways(sides: tuple[Side, Side], name: str) -> None:
    for _ in range(2):
        short, long = (side.send(name, UPLOADS[name]) for side in sides)
        assert short.comparable() == long.comparable()
        assert abs(short.wait_s - long.wait_s) < 100
        assert sides[0].line() == sides[1].line()
        until(lambda: sides[0].counts() == sides[1].counts(), "both have counted the same")
