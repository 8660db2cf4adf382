"""Thumbnails for checked, limited and audited callers have the same outcome whether or not they take the short way."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.http.access.both_ways import BYTES, CREDENTIALS, REQUESTS, Answer, Headers, Sent, Side, both_ways
from tests.support.kafka import SharedKafka
from tests.support.services.ingestion import PNG, make_pipeline
from tests.support.until import until

Images = dict[str, str]
SUBMITTER, READER = "submitter", "reader"


def thumbnail(
    headers: Headers = (),
    query: str = "",
    pipeline: str | None = None,
    credentials: Headers = CREDENTIALS,
    image: str = "whole",
    method: str = "GET",
    body: bytes = b"",
) -> Sent:
    return Sent(method, image, headers, body, query, pipeline, credentials)


SHORT = {
    "size-that-was-not-made": thumbnail(query="?size=640"),
    "thumbnail": thumbnail(),
    "size": thumbnail(query="?size=160"),
    "default-size": thumbnail(query="?size=320"),
    "client-behind-a-proxy": thumbnail((("X-Forwarded-For", "192.0.2.1, 192.0.2.2"),)),
    "trace": thumbnail((("traceparent", f"00-{'a' * 32}-{'b' * 16}-01"),)),
}
THUMBNAILS = {
    **SHORT,
    "page-of-another-site": thumbnail((("Origin", "https://images.example.com"),)),
    "foreign-host": thumbnail((("Host", "images.example.com"),)),
    "copy-that-is-current": thumbnail((("If-None-Match", "{etag}"),)),
    "copy-that-is-not-current": thumbnail((("If-None-Match", '"another"'),)),
    "invalid-size": thumbnail(query="?size=100"),
    "unknown-parameter": thumbnail(query="?size=320&more=1"),
    "file-that-cannot-be-decoded": thumbnail(image="broken"),
    "unknown-image": thumbnail(image="none"),
    "unknown-pipeline": thumbnail(pipeline="unknown"),
    "other-method": thumbnail(method="POST", body=b"{}"),
    "no-credential": thumbnail(credentials=()),
    "unknown-token": thumbnail(credentials=(("Authorization", "Bearer unknown"),)),
    "two-tokens": thumbnail(credentials=(("Authorization", "Bearer {token}"),) * 2),
    "token-in-the-query": thumbnail(query="?token={token}"),
    "no-right": thumbnail(credentials=(("Authorization", "Bearer {token}-of-another"),)),
}


@pytest.fixture(scope="module", params=[BYTES, REQUESTS], ids=lambda option: option[0].strip("-"))
def sides(
    kafka: SharedKafka, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[tuple[Side, Side]]:
    pipeline = make_pipeline(kafka.bootstrap_servers)
    names = [*THUMBNAILS, *(f"{who}-{number}" for who in (SUBMITTER, READER) for number in range(6))]
    with both_ways(tmp_path_factory.mktemp("sides"), pipeline, names, "Read", "Submit", request.param) as made:
        yield made


@pytest.fixture(scope="module")
def images(sides: tuple[Side, Side]) -> Images:
    """Images that the first service has accepted, and whose thumbnails both have made."""
    made = {"none": "none"}
    for number, (name, file) in enumerate({"whole": PNG, "broken": PNG[:-40]}.items()):
        headers, credentials = (("Content-Type", "image/png"),), (("Authorization", "Bearer {token}-of-another"),)
        sent = Sent("POST", "images", headers, file, credentials=credentials)
        made[name], _ = (json.loads(side.send(f"{SUBMITTER}-{number}", sent).body)["id"] for side in sides)
    for number, (name, query) in enumerate([("whole", ""), ("whole", "?size=160"), ("broken", "")]):
        for side in sides:
            answer = side.send(f"{READER}-{number}", of(thumbnail(image=name, query=query), made))
            if number == 0:
                made["etag"] = dict(answer.headers)["etag"]
    return made


def of(sent: Sent, images: Images) -> Sent:
    headers = tuple((name, value.replace("{etag}", images.get("etag", ""))) for name, value in sent.headers)
    return replace(sent, within=f"images/{images[sent.within]}/thumbnail", headers=headers)


def took_the_short_way(answer: Answer) -> bool:
    """Its response has the server's own headers last, not first."""
    return answer.headers[0][0] != "date"


@pytest.mark.parametrize("name", THUMBNAILS)
def test_thumbnails_have_the_same_outcome_both_ways(sides: tuple[Side, Side], images: Images, name: str) -> None:
    for _ in range(2):
        short, long = (side.send(name, of(THUMBNAILS[name], images)) for side in sides)
        assert short.comparable() == long.comparable()
        assert abs(short.wait_s - long.wait_s) < 100
        assert took_the_short_way(short) or name not in SHORT or short.status == 429
        assert not took_the_short_way(long)
        assert sides[0].line() == sides[1].line()
        until(lambda: sides[0].counts() == sides[1].counts(), "both have counted the same")
