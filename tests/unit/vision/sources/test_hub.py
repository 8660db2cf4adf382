"""Models on the Hugging Face Hub: their URLs, and fetching them from a local HTTP server in its place."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from darkroom.backoff import Backoff
from darkroom_vision.sources.failures import ModelUnavailable
from darkroom_vision.sources.files import local_file
from darkroom_vision.sources.hub import hub_file
from tests.support.model_servers.file_server import FileServer, file_server

MODEL = bytes(range(256)) * 60_000
SHA256 = hashlib.sha256(MODEL).hexdigest()


@pytest.mark.parametrize(
    ("uri", "environment", "url", "headers"),
    [
        ("hf://org/repo/m.onnx", {}, "https://huggingface.co/org/repo/resolve/main/m.onnx", {}),
        ("hf://org/repo/onnx/m.onnx@v1.0", {}, "https://huggingface.co/org/repo/resolve/v1.0/onnx/m.onnx", {}),
        (
            "hf://org/repo/m.onnx@refs/pr/3",
            {"HF_ENDPOINT": "https://mirror/", "HF_TOKEN": "hf_mine"},
            "https://mirror/org/repo/resolve/refs%2Fpr%2F3/m.onnx",
            {"Authorization": "Bearer hf_mine"},
        ),
    ],
)
def test_the_url_of_a_file(uri: str, environment: dict[str, str], url: str, headers: dict[str, str]) -> None:
    file = hub_file(uri, environment)
    assert (file.url, file.headers) == (url, headers)
    assert "hf_mine" not in repr(file)


@pytest.mark.parametrize("uri", ["hf://org/m.onnx", "hf://org/repo/", "hf://org/repo/m.onnx@", "hf://org/repo/a@b@c"])
def test_a_uri_of_another_form_is_refused(uri: str) -> None:
    with pytest.raises(ValueError, match="hf://ORG/REPO/PATH@REVISION"):
        hub_file(uri, {})


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    monkeypatch.setenv("DARKROOM_CACHE_DIR", str(tmp_path / "cache"))
    with file_server(MODEL) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("HF_TOKEN", "secret")
        yield hub


def fetched(sha256: str | None = SHA256) -> Path:
    return local_file("model", "hf://org/repo/m.onnx@v1", suffix=".onnx", sha256=sha256, backoff=Backoff(0.0, 0.0)).path


def test_a_model_is_fetched_with_the_token(hub: FileServer) -> None:
    path = fetched()
    assert (path.name, path.read_bytes()) == ("m.onnx", MODEL)
    assert hub.authorizations == {"Bearer secret"}


@pytest.mark.parametrize(("sha256", "is_resumed"), [(SHA256, True), (None, False)])
def test_an_interrupted_fetch_is_resumed_if_the_checksum_is_known(
    hub: FileServer, sha256: str | None, *, is_resumed: bool
) -> None:
    hub.breaks = 1
    assert fetched(sha256).read_bytes() == MODEL
    assert (hub.starts[0], hub.starts[1] > 0) == (0, is_resumed)


def test_a_refused_token_is_explained(hub: FileServer) -> None:
    hub.fails = [(401, "")]
    with pytest.raises(ModelUnavailable, match=r"answers 401 Unauthorized: set HF_TOKEN in a Secret"):
        fetched()


def test_a_redirect_to_a_private_address_is_refused(hub: FileServer, tmp_path: Path) -> None:
    hub.redirect = "http://169.254.169.254/latest/meta-data"
    with pytest.raises(ModelUnavailable, match=r"it redirects to 169\.254\.169\.254, which is not a public address"):
        fetched()
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file() and path.suffix != ".lock"] == []


def test_a_redirect_to_a_private_address_can_be_allowed(hub: FileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DARKROOM_ALLOW_PRIVATE_REDIRECTS", "1")
    with file_server(MODEL) as elsewhere:
        hub.redirect = f"{elsewhere.url}/m.onnx"
        assert fetched().read_bytes() == MODEL
    assert elsewhere.authorizations == {None}, "the token must not be sent to the target of the redirect"
