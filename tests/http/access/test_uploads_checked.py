"""Uploads of checked, limited and audited callers have the same outcome whether or not they take the short way.

At the level debug, the service handles every request as an application. Otherwise it handles plain uploads that arrive
whole before that, without a task.
"""

import json
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.kafka import SharedKafka
from tests.support.services.ingestion import JPEG, PNG, Pipeline, Service, make_pipeline
from tests.support.until import until

TOKEN = "the-token-of-"
IMAGE = ("Content-Type", "image/jpeg")
BYTES, REQUESTS = ("--bytes-per-caller", "1"), ("--requests-per-caller", "0.001")
"""One body or one request of each caller. Whatever counts twice has another time to wait."""
COUNTED = re.compile(
    r'(darkroom_(?:http_requests_total\{method="POST"|images_accepted_total|image_bytes_total|images_refused_total|'
    r"caller_limit_refusals_total|limited_callers|ingestion_access_decisions_total|audit_suppressed_total).*)"
)


@dataclass(frozen=True)
class Upload:
    """A request. `{token}` in its headers is that of the submitter of the case."""

    headers: tuple[tuple[str, str], ...] = (IMAGE,)
    body: bytes = JPEG
    query: str = ""
    pipeline: str | None = None
    credentials: tuple[tuple[str, str], ...] = (("Authorization", "Bearer {token}"),)


UPLOADS = {
    "image": Upload(),
    "image-with-a-key": Upload(query="?key=camera-7"),
    "image-of-a-client-behind-a-proxy": Upload((IMAGE, ("X-Forwarded-For", "192.0.2.1, 192.0.2.2"))),
    "trace": Upload((IMAGE, ("traceparent", f"00-{'a' * 32}-{'b' * 16}-01"))),
    "idempotency-key": Upload((IMAGE, ("Idempotency-Key", "once"))),
    "page-of-another-site": Upload((IMAGE, ("Origin", "https://images.example.com"))),
    "foreign-host": Upload((IMAGE, ("Host", "images.example.com"))),
    "empty-body": Upload(body=b""),
    "no-image": Upload(body=b"<svg/>"),
    "another-format": Upload(body=PNG),
    "media-type-that-is-not-accepted": Upload((("Content-Type", "image/svg+xml"),)),
    "body-that-is-too-large": Upload(body=JPEG.ljust(5_000, b"\0")),
    "body-for-which-there-is-no-memory": Upload(body=JPEG.ljust(3_000, b"\0")),
    "invalid-key": Upload(query="?key="),
    "unknown-pipeline": Upload(pipeline="unknown"),
    "no-credential": Upload(credentials=()),
    "empty-token": Upload(credentials=(("Authorization", "Bearer "),)),
    "unknown-token": Upload(credentials=(("Authorization", "Bearer unknown"),)),
    "other-scheme": Upload(credentials=(("Authorization", "Basic {token}"),)),
    "two-tokens": Upload(credentials=(("Authorization", "Bearer {token}"),) * 2),
    "token-in-the-query": Upload(query="?token={token}"),
    "cookie-of-no-session": Upload(credentials=(("Cookie", "darkroom_session=none"),)),
    "no-right": Upload(credentials=(("Authorization", "Bearer {token}-of-reader"),)),
    "no-right-and-no-image": Upload(body=b"", credentials=(("Authorization", "Bearer {token}-of-reader"),)),
}


@dataclass
class Side:
    """One of the services, with what it counts and writes down."""

    service: Service
    pipeline: Pipeline
    audit: Path
    ids: list[str] = field(default_factory=list)

    def post(self, name: str, upload: Upload) -> tuple[int, list[tuple[str, str]], dict[str, Any]]:
        """Send the request in one write. Returns the status, the headers and the document of the response."""
        self.ids.append(f"{name}-{len(self.ids)}")
        path = f"/v1/pipelines/{self.pipeline.namespace}/{upload.pipeline or self.pipeline.name}/images{upload.query}"
        own = {known for known, _ in upload.headers}
        headers = [("Host", "localhost")] if "Host" not in own else []
        headers += [*upload.headers, *upload.credentials, ("X-Request-Id", self.ids[-1])]
        headers += [("Content-Length", str(len(upload.body))), ("Connection", "close")]
        lines = [f"POST {path} HTTP/1.1", *(f"{key}: {value}" for key, value in headers), "", ""]
        head = "\r\n".join(lines).replace("{token}", TOKEN + name).encode()
        with socket.create_connection(("127.0.0.1", self.service.port), timeout=60) as connection:
            connection.sendall(head + upload.body)
            received = b"".join(iter(lambda: connection.recv(65_536), b""))
        head, _, body = received.partition(b"\r\n\r\n")
        status, *answered = head.decode().split("\r\n")
        pairs = [(key.lower(), value) for key, _, value in (line.partition(": ") for line in answered)]
        return int(status.split()[1]), pairs, json.loads(body)

    def line(self) -> dict[str, Any]:
        """What the audit log says about the last request, without what differs between two."""

        def found() -> dict[str, Any] | None:
            lines = [json.loads(line) for line in self.audit.read_text().splitlines()]
            return next((line for line in lines if line["request_id"] == self.ids[-1]), None)

        line = until(found, "the request is in the audit log")
        return {**line, "timestamp": len(line["timestamp"]), "image": len(line.get("image", ""))}

    def counts(self) -> list[str]:
        """The counters of requests."""
        found = re.search(r'"probes": "(http://127\.0\.0\.1:\d+)"', self.service.log)
        assert found
        return COUNTED.findall(httpx.get(f"{found[1]}/metrics").text.replace(self.pipeline.namespace, "NAMESPACE"))


@pytest.fixture(scope="module", params=[BYTES, REQUESTS], ids=lambda option: option[0].strip("-"))
def sides(
    kafka: SharedKafka, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[tuple[Side, Side]]:
    folder = tmp_path_factory.mktemp("sides")
    pipeline = make_pipeline(kafka.bootstrap_servers, max_bytes="4Ki")
    patterns = [f"{pipeline.namespace}/*"]
    tokens = [
        {"name": f"{name}-{right}", "token": f"{TOKEN}{name}{suffix}", "pipelines": patterns, "rights": [right]}
        for name in UPLOADS
        for right, suffix in (("Submit", ""), ("Read", "-of-reader"))
    ]
    file = folder / "tokens.json"
    file.write_text(json.dumps({"tokens": tokens}))
    file.chmod(0o600)
    made = []
    for level in ("info", "debug"):
        audit = folder / level / "audit.log"
        options = ["--token-file", str(file), "--audit-log", str(audit), "--log-level", level, "--probe-port", "0"]
        options += ["--trusted-proxy", "127.0.0.0/8", "--body-memory", "2Ki", *request.param]
        audit.parent.mkdir()
        made.append(Side(Service(audit.parent, [pipeline], options), pipeline, audit))
    try:
        for side in made:
            side.service.start()
        yield made[0], made[1]
    finally:
        for side in made:
            side.service.kill()


@pytest.mark.parametrize("name", UPLOADS)
def test_uploads_have_the_same_outcome_both_ways(sides: tuple[Side, Side], name: str) -> None:
    for _ in range(2):
        (short, short_wait_s), (long, long_wait_s) = (comparable(*side.post(name, UPLOADS[name])) for side in sides)
        assert short == long
        assert abs(short_wait_s - long_wait_s) < 100
        assert sides[0].line() == sides[1].line()
        until(lambda: sides[0].counts() == sides[1].counts(), "both have counted the same")


def comparable(status: int, headers: list[tuple[str, str]], document: dict[str, Any]) -> tuple[Any, int]:
    """Status, headers and document without what differs between two requests; and the seconds to wait."""
    wait_s = int(dict(headers).get("retry-after", 0))
    image = document.get("id", " ")
    headers = [(key, value.replace(image, "ID")) for key, value in headers if key not in {"date", "retry-after"}]
    if status == 202:
        document = {**document, "id": len(image), "partition": None, "offset": None}
        headers = [pair for pair in headers if pair[0] != "content-length"]
    elif "detail" in document:
        document["detail"] = document["detail"].replace(f"wait {wait_s} s", "wait")
        headers = [pair for pair in headers if status != 429 or pair[0] != "content-length"]
    return (status, sorted(headers), document), wait_s
