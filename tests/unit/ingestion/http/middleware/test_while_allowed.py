"""Responses that go on end when the caller loses the right, or the token."""

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from starlette.types import Message, Receive, Scope, Send

from darkroom_ingestion.access.opening import open_access
from darkroom_ingestion.access.streams import reads
from darkroom_ingestion.access_settings import AccessSettings
from darkroom_ingestion.http.middleware.checked import Checked
from darkroom_ingestion.http.requests.checks import Checks
from darkroom_ingestion.http.server.protocol import ABORT
from darkroom_ingestion.limits.callers import CallerLimits
from darkroom_ingestion.limits.settings import LimitSettings
from darkroom_ingestion.metrics import Metrics
from darkroom_ingestion.settings import Settings

TOKEN = "the-token-of-a-reader"
PIPELINE = "/v1/pipelines/demo/digits"


@dataclass
class Client:
    """What a client receives of a response that goes on, until it ends."""

    messages: list[Message] = field(default_factory=list)
    aborted: bool = False

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.messages)

    async def ask(self, app: Checked, path: str) -> None:
        async def receive() -> Message:
            await asyncio.Event().wait()
            raise AssertionError

        async def send(message: Message) -> None:
            self.messages.append(message)

        def abort() -> None:
            self.aborted = True

        headers = [(b"authorization", f"Bearer {TOKEN}".encode())]
        scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": headers, ABORT: abort}
        async with asyncio.timeout(60):
            await app(scope, receive, send)


class Application:
    """Sends one chunk of a body without end, if it ever starts. Then the caller's rights are taken away."""

    def __init__(self, file: Path, media_type: bytes | None, rights: list[str]) -> None:
        self._file, self._media_type, self._rights = file, media_type, rights

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        reads(scope, ["demo/faces"])
        if self._media_type is not None:
            headers = [(b"content-type", self._media_type)]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b"first\n", "more_body": True})
        write(self._file, self._rights)
        await asyncio.Event().wait()


def write(file: Path, rights: list[str], pipelines: str = "demo/digits", token: str = TOKEN) -> None:
    entry = {"name": "reader", "token": token, "pipelines": [pipelines], "rights": rights}
    file.write_text(json.dumps({"tokens": [entry]}))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "tokens.json"
    write(file, ["Read"], "demo/*")
    return file


def asked(file: Path, media_type: bytes | None, path: str, rights: list[str]) -> Client:
    """The response after the caller's rights have become `rights` to demo/digits."""
    client = Client()

    async def run() -> None:
        settings = Settings(catalog=file, access=AccessSettings("token-file", file))
        access = open_access(settings, Metrics())
        [(_, watch)] = access.background
        watching = asyncio.create_task(watch())
        checks = Checks(access, CallerLimits(LimitSettings(), lambda _: None))
        await client.ask(Checked(Application(file, media_type, rights), checks, again_s=0.01), path)
        watching.cancel()

    asyncio.run(run())
    return client


def test_a_stream_of_events_ends_with_an_event_that_says_why(file: Path) -> None:
    client = asked(file, b"text/event-stream; charset=utf-8", f"{PIPELINE}/events", [])
    assert client.body == b'first\nevent: end\ndata: {"reason": "the right to read this was withdrawn"}\n\n'
    assert client.messages[-1]["more_body"] is False


def test_a_stream_of_several_pipelines_ends_when_the_right_to_one_goes(file: Path) -> None:
    assert b"event: end" in asked(file, b"text/event-stream", "/v1/live", ["Read"]).body


def test_an_export_is_cut_off(file: Path) -> None:
    client = asked(file, b"application/jsonl", f"{PIPELINE}/export", [])
    assert (client.body, client.aborted) == (b"first\n", True)


def test_a_response_that_has_not_started_is_refused(file: Path) -> None:
    client = asked(file, None, f"{PIPELINE}/export", [])
    assert client.messages[0]["status"] == 403
