"""Getting model and label files: local paths, remote URIs, cache and retries."""

import hashlib
from pathlib import Path
from typing import Any

import fsspec
import pytest

from darkroom.api.validation import parse_pipeline
from darkroom.backoff import Backoff
from darkroom.kafka.connection import KafkaConnection
from darkroom.stage_settings import StageSettings, stage_settings
from darkroom.topology import topology
from darkroom_vision.model.session import ModelChecksumMismatch
from darkroom_vision.sources.failures import ModelUnavailable
from darkroom_vision.sources.files import labels, model_file
from tests.support.manifests import pipeline_manifest

MODEL = b"not a model, but the content is never parsed"
SHA256 = hashlib.sha256(MODEL).hexdigest()
AT_ONCE = Backoff(0.0, 0.0)


class Bucket:
    """Replaces fsspec.open, because the servers of these URIs cannot be reached from a test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, failures: list[Exception] | None = None) -> None:
        self.asked = 0
        self._failures = failures or []
        self._open = fsspec.open
        fsspec.filesystem("memory").pipe("/models/m.onnx", MODEL)
        monkeypatch.setattr(fsspec, "open", self.open)

    def open(self, uri: str, mode: str, **timeouts: Any) -> Any:
        assert timeouts, "a fetch without a timeout"
        self.asked += 1
        if self._failures:
            raise self._failures.pop(0)
        return self._open("memory://models/" + uri.rpartition("/")[2], mode)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DARKROOM_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def settings(uri: str, sha256: str | None = None, **more: Any) -> StageSettings:
    manifest = pipeline_manifest()
    manifest["spec"]["stages"][0]["model"] = {"uri": uri, **({"sha256": sha256} if sha256 else {})}
    manifest["spec"]["stages"][0]["output"] |= more.pop("output", {})
    pipeline = parse_pipeline(manifest)
    plan = topology(pipeline).stages[0]
    return stage_settings(pipeline, plan, KafkaConnection(bootstrap_servers="b:9092"), **more)


def files_in(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.rglob("*") if path.is_file() and path.suffix != ".lock")


def test_a_file_provided_by_the_runtime_is_used(tmp_path: Path) -> None:
    assert model_file(settings("configmap://m/m.onnx", model_path=tmp_path / "m.onnx")).path == tmp_path / "m.onnx"
    assert model_file(settings("file:/models/m.onnx")).path == Path("/models/m.onnx")
    assert model_file(settings("file:///models/m.onnx")).path == Path("/models/m.onnx")


def test_a_missing_mounted_file_is_an_error() -> None:
    with pytest.raises(ModelUnavailable, match=r"model pvc://claim/m.onnx: the runtime must provide the file"):
        model_file(settings("pvc://claim/m.onnx"), AT_ONCE)


@pytest.mark.parametrize("scheme", ["s3", "gs"])
def test_a_remote_file_is_fetched_once_when_its_checksum_is_known(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    bucket = Bucket(monkeypatch)
    wanted = settings(f"{scheme}://bucket/models/m.onnx", SHA256)
    first = model_file(wanted, AT_ONCE).path
    assert (first.read_bytes(), first.name) == (MODEL, "m.onnx")
    assert model_file(wanted, AT_ONCE).path == first
    assert bucket.asked == 1


def test_a_damaged_file_in_the_cache_is_fetched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = Bucket(monkeypatch)
    wanted = settings("s3://bucket/models/m.onnx", SHA256)
    model_file(wanted, AT_ONCE).path.write_bytes(b"damaged")
    assert model_file(wanted, AT_ONCE).path.read_bytes() == MODEL
    assert bucket.asked == 2


def test_without_a_checksum_the_file_is_fetched_at_every_start_and_kept_once(
    monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    bucket = Bucket(monkeypatch)
    first, second = (model_file(settings("s3://bucket/models/m.onnx"), AT_ONCE).path for _ in range(2))
    assert first == second == cache / "models" / SHA256 / "m.onnx"
    assert bucket.asked == 2
    assert files_in(cache) == ["m.onnx"]


def test_a_file_that_changes_does_not_change_for_a_worker_that_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    Bucket(monkeypatch)
    first = model_file(settings("s3://bucket/models/m.onnx"), AT_ONCE).path
    fsspec.filesystem("memory").pipe("/models/m.onnx", b"newer")
    assert model_file(settings("s3://bucket/models/m.onnx"), AT_ONCE).path.read_bytes() == b"newer"
    assert first.read_bytes() == MODEL


def test_a_file_with_another_checksum_is_not_kept(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    bucket = Bucket(monkeypatch)
    with pytest.raises(ModelChecksumMismatch, match=rf"sha256 is {SHA256}, the pipeline says {'0' * 64}: provide"):
        model_file(settings("s3://bucket/models/m.onnx", "0" * 64), AT_ONCE)
    assert bucket.asked == 1
    assert files_in(cache) == []


def test_a_fetch_that_fails_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = Bucket(monkeypatch, [TimeoutError("slow"), ConnectionError("reset")])
    assert model_file(settings("s3://bucket/models/m.onnx", SHA256), AT_ONCE).path.read_bytes() == MODEL
    assert bucket.asked == 3


def test_a_fetch_that_keeps_failing_says_why_and_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    Bucket(monkeypatch, [ConnectionError("reset by peer")] * 9)
    with pytest.raises(ModelUnavailable, match=r"s3://bucket/models/m.onnx: can't be fetched: reset by peer"):
        model_file(settings("s3://bucket/models/m.onnx"), AT_ONCE)
    assert files_in(cache) == []


def test_what_an_earlier_worker_left_is_resumed_if_it_fits(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    bucket = Bucket(monkeypatch)
    for left_over, requests in ((MODEL[:7], 1), (b"damaged", 2)):
        bucket.asked = 0
        entry = cache / "models" / SHA256
        entry.mkdir(parents=True, exist_ok=True)
        (entry / "m.onnx").unlink(missing_ok=True)
        (entry / "m.onnx.part").write_bytes(left_over)
        assert model_file(settings("s3://bucket/models/m.onnx", SHA256), AT_ONCE).path.read_bytes() == MODEL
        assert bucket.asked == requests


def test_a_file_that_does_not_exist_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = Bucket(monkeypatch, [FileNotFoundError("404")] * 9)
    with pytest.raises(ModelUnavailable, match="the file does not exist"):
        model_file(settings("s3://bucket/models/m.onnx"), AT_ONCE)
    assert bucket.asked == 1


def test_an_unreachable_server_is_not_a_missing_file(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = FileNotFoundError("s3://bucket/models/m.onnx")
    missing.__cause__ = ConnectionRefusedError("connect call failed")  # as fsspec's file systems raise it
    Bucket(monkeypatch, [missing] * 9)
    with pytest.raises(ModelUnavailable, match="can't be fetched: connect call failed"):
        model_file(settings("s3://bucket/models/m.onnx"), AT_ONCE)


def test_a_cache_that_cannot_be_used_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("DARKROOM_CACHE_DIR", str(tmp_path / "file"))
    for sha256 in (SHA256, None):
        with pytest.raises(ModelUnavailable, match=r"the cache can't be used: .*file/models.*: set DARKROOM_CACHE_DIR"):
            model_file(settings("s3://bucket/models/m.onnx", sha256), AT_ONCE)


def test_labels_are_read_one_per_line(tmp_path: Path) -> None:
    file = tmp_path / "labels.txt"
    file.write_bytes("\ufeffzero\r\n one \n\ntwo".encode())
    uri = {"labelsUri": f"file:{file}"}
    assert labels(settings("file:/m.onnx", output=uri)) == ["zero", "one", "two"]
    assert labels(settings("file:/m.onnx")) is None


def test_labels_that_are_not_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(ModelUnavailable, match=r"labels\.txt can't be read as text"):
        labels(settings("file:/m.onnx", output={"labelsUri": "file:/x"}, labels_path=tmp_path / "labels.txt"))
