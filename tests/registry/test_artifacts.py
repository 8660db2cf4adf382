"""Files of artifacts in a real registry: layouts, references, external data, and what is refused."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest

from darkroom.backoff import Backoff
from darkroom_vision.model.session import ModelChecksumMismatch, ModelInSeveralFiles, load_model
from darkroom_vision.sources.failures import ModelUnavailable
from darkroom_vision.sources.files import LocalFile, local_file
from tests.support.model_servers.push import (
    INDEX,
    Blob,
    digest_of,
    modelpack_file,
    oras_file,
    packed,
    push,
    push_manifest,
)
from tests.support.model_servers.registry import Registry
from tests.support.models.onnx_files import mean_colours_file, onnx_file

MODEL = b"the registry does not read it"


def fetched(registry: Registry, reference: str, suffix: str = ".onnx") -> LocalFile:
    return local_file("model", f"oci://{registry.host}/{reference}", suffix=suffix, backoff=Backoff(0.0, 0.0))


@pytest.mark.parametrize(
    "layers",
    [
        pytest.param([oras_file("m.onnx", MODEL)], id="oras-push"),
        pytest.param([oras_file("README.md", b"text"), oras_file("m.onnx", MODEL)], id="oras-push-of-several-files"),
        pytest.param([modelpack_file("m.onnx", MODEL)], id="modelpack-raw"),
        pytest.param([modelpack_file("m.onnx", packed({"m.onnx": MODEL}), "weight.v1.tar")], id="modelpack-tar"),
        pytest.param([modelpack_file("x.onnx", packed({"m.onnx": MODEL}), "weight.v1.tar")], id="tar-of-another-name"),
        pytest.param(
            [
                modelpack_file("README.md", packed({"README.md": b"text"}), "doc.v1.tar"),
                Blob(packed({"a/m.onnx": MODEL}, compressed=True), "application/vnd.cncf.model.weight.v1.tar+gzip"),
            ],
            id="modelpack-tar-gzip-without-a-path",
        ),
        pytest.param(
            [
                Blob(
                    packed({"models/m.onnx": MODEL}, compressed=True),
                    "application/vnd.oci.image.layer.v1.tar+gzip",
                    {"org.opencontainers.image.title": "models", "io.deis.oras.content.unpack": "true"},
                )
            ],
            id="oras-push-of-a-folder",
        ),
    ],
)
def test_the_only_model_of_an_artifact_is_found(registry: Registry, layers: Sequence[Blob]) -> None:
    name = f"layouts/{hashlib.sha256(repr(layers).encode()).hexdigest()[:8]}"
    digest = push(registry.url, name, "v1", layers)
    file = fetched(registry, f"{name}:v1")
    assert (file.path.name, file.path.read_bytes()) == ("m.onnx", MODEL)
    assert fetched(registry, f"{name}@{digest}") == file


def test_a_file_is_chosen_by_its_path(registry: Registry) -> None:
    layers = [modelpack_file("small/m.onnx", b"small"), modelpack_file("large/m.onnx", b"large")]
    layers.append(modelpack_file("labels.txt", b"cat\ndog\n", "weight.config.v1.raw"))
    push(registry.url, "sizes", "latest", layers)
    assert fetched(registry, "sizes#large/m.onnx").path.read_bytes() == b"large"
    assert fetched(registry, "sizes#small/m.onnx").path.read_bytes() == b"small"
    assert fetched(registry, "sizes", ".txt").path.read_bytes() == b"cat\ndog\n"
    with pytest.raises(ModelUnavailable, match=r"several .onnx files: add # and one of small/m.onnx, large/m.onnx"):
        fetched(registry, "sizes")
    with pytest.raises(ModelUnavailable, match=r"no file tiny.onnx: it has small/m.onnx, large/m.onnx, labels.txt"):
        fetched(registry, "sizes#tiny.onnx")


def test_a_checksum_is_checked(registry: Registry) -> None:
    push(registry.url, "checked", "v1", [oras_file("m.onnx", MODEL)])
    found = hashlib.sha256(MODEL).hexdigest()
    uri = f"oci://{registry.host}/checked:v1"
    assert local_file("model", uri, suffix=".onnx", sha256=found).path.read_bytes() == MODEL
    with pytest.raises(ModelChecksumMismatch, match=rf"sha256 is {found}, the pipeline says {'0' * 64}: provide"):
        local_file("model", uri, suffix=".onnx", sha256="0" * 64)


def test_a_tag_that_moves_is_followed(registry: Registry) -> None:
    for content in (b"first", b"second"):
        push(registry.url, "moving", "stable", [oras_file("m.onnx", content)])
        assert fetched(registry, "moving:stable").path.read_bytes() == content


def test_an_artifact_named_by_digest_is_fetched_once(registry: Registry) -> None:
    digest = push(registry.url, "pinned", "v1", [oras_file("m.onnx", MODEL)])
    first = fetched(registry, f"pinned:v1@{digest}")
    asked = registry.requests().count("/v2/pinned/")
    assert fetched(registry, f"pinned:v1@{digest}") == first
    assert registry.requests().count("/v2/pinned/") == asked


def test_a_damaged_cache_is_repaired(registry: Registry, cache: Path) -> None:
    digest = push(registry.url, "damaged", "v1", [oras_file("m.onnx", MODEL)])
    fetched(registry, f"damaged@{digest}")
    files = [path for path in cache.rglob("*") if path.is_file() and path.suffix != ".lock"]
    assert {path.name for path in files} == {"m.onnx", "manifest.json", "layers.json"}
    for path in files:
        path.write_bytes(b"damaged")
        assert fetched(registry, f"damaged@{digest}").path.read_bytes() == MODEL


def test_external_data_comes_with_the_model_and_is_checked(registry: Registry, tmp_path: Path) -> None:
    node = onnx.helper.make_node("Add", ["image", "w"], ["seen"])
    kind = (onnx.TensorProto.FLOAT, [4])
    single = onnx_file(
        tmp_path / "single.onnx", [node], {"image": kind}, {"seen": kind}, {"w": np.arange(4, dtype=np.float32)}
    )
    onnx.save_model(
        onnx.load(single), tmp_path / "m.onnx", save_as_external_data=True, location="w.bin", size_threshold=0
    )
    model, weights = (tmp_path / "m.onnx").read_bytes(), (tmp_path / "w.bin").read_bytes()
    push(registry.url, "several", "raw", [modelpack_file("a/m.onnx", model), modelpack_file("a/w.bin", weights)])
    push(registry.url, "several", "alone", [modelpack_file("m.onnx", model)])
    archive = packed({"m.onnx": model, "w.bin": weights})
    push(registry.url, "several", "tar", [modelpack_file("m.onnx", archive, "weight.v1.tar")])
    for tag in ("raw", "tar"):
        file = fetched(registry, f"several:{tag}")
        assert file.external_data == {"w.bin": hashlib.sha256(weights).hexdigest()}
        loaded = load_model(file.path, external_data=file.external_data)
        assert loaded.external_data == file.external_data
        (seen,) = loaded.run({"image": np.ones(4, np.float32)})
        assert np.asarray(seen).tolist() == [1, 2, 3, 4]
        with pytest.raises(ModelInSeveralFiles):
            load_model(file.path)
    with pytest.raises(ModelUnavailable, match=r"external data w.bin is not in the artifact: push it with the model"):
        fetched(registry, "several:alone")


def test_an_index_is_followed_to_its_only_manifest_or_model(registry: Registry) -> None:
    model = push(registry.url, "index", "model", [modelpack_file("m.onnx", MODEL)])
    extra = push(registry.url, "index", "extra", [oras_file("x", b"x")], artifact_type="application/vnd.test")

    def entry(digest: str, size: int, artifact_type: str) -> dict[str, object]:
        described = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest, "size": size}
        return described | {"artifactType": artifact_type}

    entries = [
        entry(model, 1, "application/vnd.cncf.model.manifest.v1+json"),
        entry(extra, 1, "application/vnd.test"),
    ]
    index = {"schemaVersion": 2, "mediaType": INDEX}
    push_manifest(registry.url, "index", "one", {**index, "manifests": entries[:1]})
    push_manifest(registry.url, "index", "both", {**index, "manifests": entries})
    push_manifest(registry.url, "index", "unclear", {**index, "manifests": [entries[1], {**entries[1], "size": 2}]})
    assert fetched(registry, "index:one").path.read_bytes() == MODEL
    assert fetched(registry, "index:both").path.read_bytes() == MODEL
    with pytest.raises(ModelUnavailable, match=rf"index of 2 manifests.*add @ and one of {extra}"):
        fetched(registry, "index:unclear")


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([Blob(b"x")], "not a model artifact: its layers have no file names"),
        ([oras_file("m.pt", b"x")], r"no \.onnx file: it has m\.pt"),
        ([oras_file("../m.onnx", b"x")], r"path '\.\./m\.onnx', which is outside it"),
        ([oras_file("/etc/m.onnx", b"x")], r"path '/etc/m\.onnx', which is outside it"),
        ([modelpack_file("m.onnx", packed({"../m.onnx": b"x"}), "weight.v1.tar")], "which is outside it"),
        ([modelpack_file("m.onnx", packed({"m.pt": b"x"}), "weight.v1.tar")], r"no \.onnx file: it has m\.pt"),
        (
            [modelpack_file("m.onnx", packed({"a.onnx": b"x", "b.onnx": b"x"}), "weight.v1.tar")],
            r"several \.onnx files: add # and one of a\.onnx, b\.onnx to the URI",
        ),
        ([modelpack_file("m.onnx", b"no archive" * 99, "weight.v1.tar")], "not a tar archive"),
        ([modelpack_file("m.onnx", b"no archive", "weight.v1.tar+gzip")], "not a tar archive compressed with gzip"),
        ([modelpack_file("m.onnx", b"x", "weight.v1.tar+zstd")], "compressed with zst, which is not supported"),
    ],
)
def test_what_is_no_model_is_refused(registry: Registry, layers: Sequence[Blob], message: str) -> None:
    name = f"refused/{digest_of(repr(layers).encode())[7:15]}"
    push(registry.url, name, "latest", layers)
    with pytest.raises(ModelUnavailable, match=message):
        fetched(registry, name)


def test_what_does_not_exist_is_named(registry: Registry) -> None:
    push(registry.url, "there", "v1", [oras_file("m.onnx", MODEL)])
    with pytest.raises(ModelUnavailable, match=rf"the registry has no v2 in {registry.host}/there"):
        fetched(registry, "there:v2")
    with pytest.raises(ModelUnavailable, match=rf"the registry has no latest in {registry.host}/nowhere"):
        fetched(registry, "nowhere")


def test_a_fetched_model_loads(registry: Registry, tmp_path: Path) -> None:
    content = mean_colours_file(tmp_path / "mean.onnx").read_bytes()
    push(registry.url, "mean", "v1", [oras_file("mean.onnx", content)])
    sha256 = hashlib.sha256(content).hexdigest()
    assert load_model(fetched(registry, "mean:v1").path, sha256=sha256).sha256 == sha256
