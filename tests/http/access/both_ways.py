"""Two services that handle the same requests in different ways, and what each responds, counts and writes down.

At the level debug, the service handles every request as an application. Otherwise it handles some requests before that,
without a task.
"""

import json
import re
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.support.services.access.audit_log import audit_lines
from tests.support.services.ingestion import Pipeline, Service
from tests.support.until import until

TOKEN = "the-token-of-"
BYTES, REQUESTS = ("--bytes-per-caller", "1"), ("--requests-per-caller", "0.001")
"""One body or one request of each caller. Whatever counts twice has another time to wait."""
_COUNTED = re.compile(
    r"(darkroom_(?:http_requests_total\{|images_accepted_total|image_bytes_total|images_refused_total|"
    r"caller_limit_refusals_total|limited_callers|ingestion_access_decisions_total|audit_suppressed_total).*)"
)
_PROBES = re.compile(r'route="/(?:healthz|readyz|metrics)"')
Headers = tuple[tuple[str, str], ...]
CREDENTIALS: Headers = (("Authorization", "Bearer {token}"),)


@dataclass(frozen=True)
class Sent:
    """A request. `{token}` in its query and its credentials is that of the caller of the case."""

    method: str
    within: str
    """The path within the pipeline."""
    headers: Headers = ()
    body: bytes = b""
    query: str = ""
    pipeline: str | None = None
    credentials: Headers = CREDENTIALS


@dataclass(frozen=True)
class Answer:
    """A response, with its headers in their order."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def wait_s(self) -> int:
        """The seconds to wait before the next request."""
        return int(dict(self.headers).get("retry-after", 0))

    def comparable(self) -> tuple[int, list[tuple[str, str]], Any]:
        """Status, headers and body without what differs between two requests."""
        headers = [pair for pair in self.headers if pair[0] not in {"date", "retry-after"}]
        if dict(headers).get("content-type", "").partition(";")[0] not in {
            "application/json",
            "application/problem+json",
        }:
            return self.status, sorted(headers), self.body
        document = json.loads(self.body)
        if self.status == 202:
            headers = [(key, value.replace(document["id"], "ID")) for key, value in headers]
            document = {**document, "id": len(document["id"]), "partition": None, "offset": None}
        elif "detail" in document:
            document["detail"] = document["detail"].replace(f"wait {self.wait_s} s", "wait")
        if self.status in {202, 429}:
            headers = [pair for pair in headers if pair[0] != "content-length"]
        return self.status, sorted(headers), document


@dataclass
class Side:
    """One of the services, with what it counts and writes down."""

    service: Service
    pipeline: Pipeline
    audit: Path
    ids: list[str] = field(default_factory=list)

    def send(self, name: str, sent: Sent) -> Answer:
        """Send the request of a case in one write."""
        self.ids.append(f"{name}-{len(self.ids)}")
        path = (
            f"/v1/pipelines/{self.pipeline.namespace}/{sent.pipeline or self.pipeline.name}/{sent.within}{sent.query}"
        )
        own = {known for known, _ in sent.headers}
        headers = [("Host", "localhost")] if "Host" not in own else []
        headers += [*sent.headers, *sent.credentials, ("X-Request-Id", self.ids[-1])]
        if sent.method == "POST":
            headers += [("Content-Length", str(len(sent.body)))]
        headers += [("Connection", "close")]
        lines = [f"{sent.method} {path} HTTP/1.1", *(f"{key}: {value}" for key, value in headers), "", ""]
        head = "\r\n".join(lines).replace("{token}", TOKEN + name).encode()
        with socket.create_connection(("127.0.0.1", self.service.port), timeout=60) as connection:
            connection.sendall(head + sent.body)
            received = b"".join(iter(lambda: connection.recv(65_536), b""))
        head, _, body = received.partition(b"\r\n\r\n")
        status, *answered = head.decode().split("\r\n")
        pairs = [(key.lower(), value) for key, _, value in (line.partition(": ") for line in answered)]
        return Answer(int(status.split()[1]), pairs, body)

    def line(self) -> dict[str, Any]:
        """What the audit log says about the last request, without what differs between two."""

        def found() -> dict[str, Any] | None:
            return next((line for line in audit_lines(self.audit) if line["request_id"] == self.ids[-1]), None)

        line = until(found, "the request is in the audit log")
        return {**line, "timestamp": len(line["timestamp"]), "image": len(line.get("image", ""))}

    def counts(self) -> list[str]:
        """The counters of requests, but those of probes."""
        found = re.search(r'"probes": "(http://127\.0\.0\.1:\d+)"', self.service.log)
        assert found
        counted = _COUNTED.findall(httpx.get(f"{found[1]}/metrics").text.replace(self.pipeline.namespace, "NAMESPACE"))
        return [one for one in counted if not _PROBES.search(one)]


@contextmanager
def both_ways(
    folder: Path, pipeline: Pipeline, names: Sequence[str], right: str, without: str, options: Sequence[str]
) -> Iterator[tuple[Side, Side]]:
    """The service that takes the short way where it can, and the one that does not.

    Args:
        folder: for their files.
        pipeline: that they serve.
        names: of the cases, each of which has a caller with `right` and another one, `-of-another`, who has `without`.
        right: what the requests need.
        without: another right.
        options: of the command line.
    """
    tokens = [
        {
            "name": f"{name}-{one}",
            "token": f"{TOKEN}{name}{suffix}",
            "pipelines": [f"{pipeline.namespace}/*"],
            "rights": [one],
        }
        for name in names
        for one, suffix in ((right, ""), (without, "-of-another"))
    ]
    file = folder / "tokens.json"
    file.write_text(json.dumps({"tokens": tokens}))
    file.chmod(0o600)
    made = []
    for level in ("info", "debug"):
        audit = folder / level / "audit.log"
        own = ["--token-file", str(file), "--audit-log", str(audit), "--log-level", level, "--probe-port", "0"]
        own += ["--trusted-proxy", "127.0.0.0/8", *options]
        audit.parent.mkdir()
        made.append(Side(Service(audit.parent, [pipeline], own), pipeline, audit))
    try:
        for side in made:
            side.service.start()
        yield made[0], made[1]
    finally:
        for side in made:
            side.service.kill()
