"""Transfers from a real registry: interruptions, concurrent processes, redirects and damage."""

import hashlib
import multiprocessing
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from darkroom.backoff import Backoff
from darkroom_vision.sources.failures import ModelUnavailable
from darkroom_vision.sources.files import local_file
from tests.support.model_servers.front import Front, front
from tests.support.model_servers.push import oras_file, push
from tests.support.model_servers.registry import BASIC, PASSWORD, USERNAME, Registry, htpasswd
from tests.support.until import until

MODEL = os.urandom(8 << 20)
DIGEST = f"sha256:{hashlib.sha256(MODEL).hexdigest()}"


@pytest.fixture
def gateway(registry: Registry) -> Iterator[Front]:
    """An HTTP server in front of the registry."""
    push(registry.url, "large", "v1", [oras_file("m.onnx", MODEL)])
    with front(registry.url) as gateway:
        yield gateway


def uri_of(host: str) -> str:
    return f"oci://{host}/large:v1"


def fetch(uri: str) -> str:
    return str(local_file("model", uri, suffix=".onnx", backoff=Backoff(0.0, 0.0)).path)


def parts(cache: Path) -> list[int]:
    """Bytes of the parts of files in the cache."""
    return [part.stat().st_size for part in cache.rglob("*.part")]


def test_a_broken_transfer_is_resumed(gateway: Front) -> None:
    gateway.breaks = 2
    assert Path(fetch(uri_of(gateway.host))).read_bytes() == MODEL
    ranges = gateway.blob_ranges(DIGEST)
    assert len(ranges) == 3
    assert ranges[0] is None
    assert all(asked is not None for asked in ranges[1:])
    assert gateway.sent < len(MODEL) + (1 << 20), "what had arrived is not sent again"


def test_processes_that_need_the_same_file_download_it_once(gateway: Front) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        paths = set(pool.map(fetch, [uri_of(gateway.host)] * 3, chunksize=1))
    assert len(paths) == 1
    assert Path(paths.pop()).read_bytes() == MODEL
    assert len(gateway.blob_ranges(DIGEST)) == 1


def test_a_killed_process_leaves_a_part_that_the_next_one_resumes(gateway: Front, cache: Path) -> None:
    gateway.holds_after = len(MODEL) // 2
    process = multiprocessing.get_context("spawn").Process(target=fetch, args=(uri_of(gateway.host),))
    process.start()
    assert process.pid is not None
    until(lambda: any(size > 1 << 20 for size in parts(cache)), "half of the file in the cache")
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    gateway.release()
    (left_over,) = parts(cache)
    assert 0 < left_over < len(MODEL)
    assert Path(fetch(uri_of(gateway.host))).read_bytes() == MODEL
    assert gateway.blob_ranges(DIGEST)[-1] == f"bytes={left_over}-"
    assert parts(cache) == []


def test_a_damaged_layer_is_refused_and_not_kept(gateway: Front, cache: Path) -> None:
    gateway.damages = True
    with pytest.raises(ModelUnavailable, match=rf"the registry sent sha256:\w+ for the layer {DIGEST}"):
        fetch(uri_of(gateway.host))
    assert parts(cache) == []
    assert not list(cache.rglob("m.onnx"))


def test_storage_that_a_registry_redirects_to_gets_no_credentials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OCI_USERNAME", USERNAME)
    monkeypatch.setenv("OCI_PASSWORD", PASSWORD)
    with (
        Registry(tmp_path / "storage") as storage,
        Registry(tmp_path / "registry", htpasswd(tmp_path / "registry")) as registry,
        front(storage.url) as blobs,
        front(registry.url) as gateway,
    ):
        push(storage.url, "large", "v1", [oras_file("m.onnx", MODEL)])
        push(registry.url, "large", "v1", [oras_file("m.onnx", MODEL)], headers={"Authorization": BASIC})
        gateway.redirects_blobs_to = blobs.url
        with pytest.raises(ModelUnavailable, match=r"it redirects to 127\.0\.0\.1, which is not a public address"):
            fetch(uri_of(gateway.host))
        monkeypatch.setenv("DARKROOM_ALLOW_PRIVATE_REDIRECTS", "127.0.0.0/8")
        assert Path(fetch(uri_of(gateway.host))).read_bytes() == MODEL
        assert BASIC in gateway.authorizations
        assert blobs.authorizations == {None}
