"""Models on the Hugging Face Hub: their URLs, and fetching them from a local HTTP server in its place."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from darkroom.api.validation import parse_pipeline
from darkroom.backoff import Backoff
from darkroom.kafka.connection import KafkaConnection
from darkroom.stage_settings import StageSettings, stage_settings
from darkroom.topology import topology
from darkroom_vision.sources.files import ModelUnavailable, model_file
from darkroom_vision.sources.hub import HubFile, hub_file
from tests.support.manifests import pipeline_manifest

MODEL = bytes(range(256)) * 60_000
SHA256 = hashlib.sha256(MODEL).hexdigest()
AT_ONCE = Backoff(0.0, 0.0)


@pytest.mark.parametrize(
    ("uri", "environment", "expected"),
    [
        ("hf://org/repo/m.onnx", {}, HubFile("https://huggingface.co/org/repo/resolve/main/m.onnx")),
        ("hf://org/repo/onnx/m.onnx@v1.0", {}, HubFile("https://huggingface.co/org/repo/resolve/v1.0/onnx/m.onnx")),
        (
            "hf://org/repo/m.onnx@refs/pr/3",
            {"HF_ENDPOINT": "https://mirror/", "HF_TOKEN": "secret"},
            HubFile("https://mirror/org/repo/resolve/refs%2Fpr%2F3/m.onnx", {"Authorization": "Bearer secret"}),
        ),
    ],
)
def test_the_url_of_a_file(uri: str, environment: dict[str, str], expected: HubFile) -> None:
    assert hub_file(uri, environment) == expected
    assert "secret" not in repr(hub_file(uri, environment))


@pytest.mark.parametrize("uri", ["hf://org/m.onnx", "hf://org/repo/", "hf://org/repo/m.onnx@", "hf://org/repo/a@b@c"])
def test_a_uri_of_another_form_is_refused(uri: str) -> None:
    with pytest.raises(ValueError, match="hf://ORG/REPO/PATH@REVISION"):
        hub_file(uri, {})


class Hub(ThreadingHTTPServer):
    """Serves MODEL in ranges, as the Hub does.

    Attributes:
        breaks_from: the first response that starts at this byte or later is cut off; None if none is.
        redirect: the target of a redirect for all requests; None if there is none.
        starts: the first byte of each GET request.
        tokens: the Authorization headers received.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.breaks_from: int | None = None
        self.redirect: str | None = None
        self.starts: list[int] = []
        self.tokens: set[str | None] = set()

    @property
    def url(self) -> str:
        """The URL of the server."""
        return f"http://127.0.0.1:{self.server_port}"


class _Answer(BaseHTTPRequestHandler):
    server: Hub

    def do_HEAD(self) -> None:
        self._answer(0, len(MODEL), body=False)

    def do_GET(self) -> None:
        asked = (self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").split("-")
        self._answer(int(asked[0]), int(asked[1] or len(MODEL) - 1) + 1, body=True)

    def _answer(self, start: int, end: int, *, body: bool) -> None:
        hub = self.server
        hub.tokens.add(self.headers.get("Authorization"))
        if hub.redirect is not None:
            self.send_response(302)
            self.send_header("Location", hub.redirect)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if "Range" in self.headers else 200)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(end - start))
        self.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(MODEL)}")
        self.end_headers()
        if not body:
            return
        hub.starts.append(start)
        if hub.breaks_from is not None and start >= hub.breaks_from:
            hub.breaks_from = None
            end = start + (end - start) // 2
        self.wfile.write(MODEL[start:end])
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setenv("DARKROOM_CACHE_DIR", str(tmp_path / "cache"))
    with Hub() as hub:
        thread = threading.Thread(target=hub.serve_forever, args=(0.01,))
        thread.start()
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("HF_TOKEN", "secret")
        yield hub
        hub.shutdown()
        thread.join()


def settings(*, sha256: str | None = SHA256) -> StageSettings:
    manifest = pipeline_manifest()
    manifest["spec"]["stages"][0]["model"] = {
        "uri": "hf://org/repo/m.onnx@v1",
        **({"sha256": sha256} if sha256 else {}),
    }
    pipeline = parse_pipeline(manifest)
    return stage_settings(pipeline, topology(pipeline).stages[0], KafkaConnection(bootstrap_servers="b:9092"))


def test_a_model_is_fetched_with_the_token(hub: Hub) -> None:
    path = model_file(settings(), AT_ONCE)
    assert (path.name, path.read_bytes()) == ("m.onnx", MODEL)
    assert hub.tokens == {"Bearer secret"}


@pytest.mark.parametrize(("sha256", "is_resumed"), [(SHA256, True), (None, False)])
def test_an_interrupted_fetch_is_resumed_if_the_checksum_is_known(
    hub: Hub, sha256: str | None, *, is_resumed: bool
) -> None:
    hub.breaks_from = 1
    assert model_file(settings(sha256=sha256), AT_ONCE).read_bytes() == MODEL
    assert hub.breaks_from is None
    assert (hub.starts.count(0) == 1) is is_resumed


def test_a_redirect_to_a_private_address_is_refused(hub: Hub, tmp_path: Path) -> None:
    hub.redirect = "http://169.254.169.254/latest/meta-data"
    with pytest.raises(ModelUnavailable, match=r"it redirects to 169\.254\.169\.254, which is not a public address"):
        model_file(settings(), AT_ONCE)
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] == []


def test_a_redirect_to_a_private_address_can_be_allowed(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DARKROOM_ALLOW_PRIVATE_REDIRECTS", "1")
    with Hub() as elsewhere:
        thread = threading.Thread(target=elsewhere.serve_forever, args=(0.01,))
        thread.start()
        hub.redirect = f"{elsewhere.url}/m.onnx"
        assert model_file(settings(), AT_ONCE).read_bytes() == MODEL
        elsewhere.shutdown()
        thread.join()
    assert elsewhere.tokens == {None}, "the token must not be sent to the target of the redirect"
