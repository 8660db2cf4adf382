"""Manifests: any bytes are read or refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom_vision.sources.failures import Refused
from darkroom_vision.sources.oci.manifest import checked_path, layers_of, layers_with, only_manifest

DIGEST = "sha256:" + "0a" * 32
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.binary(max_size=60) | JSON.map(lambda value: json.dumps({"layers": value, "manifests": value}).encode()))
def test_bytes_of_any_kind_are_read_or_refused(content: bytes) -> None:
    for read in (layers_of, only_manifest):
        try:
            read(content)
        except Refused as error:
            assert str(error)  # noqa: PT017 - any other exception fails the test


@given(st.text(max_size=30))
def test_a_path_stays_in_the_artifact(path: str) -> None:
    try:
        checked = checked_path(path)
    except Refused:
        return
    assert not checked.startswith("/")
    assert ".." not in checked.split("/")


@pytest.mark.parametrize(
    ("descriptor", "message"),
    [
        ({"digest": "sha512:00", "size": 1}, "String should match pattern"),
        ({"digest": DIGEST, "size": -1}, "greater than or equal to 0"),
        ({"size": 1}, "Field required"),
    ],
)
def test_an_invalid_descriptor_is_refused(descriptor: dict[str, object], message: str) -> None:
    with pytest.raises(Refused, match=rf"its manifest cannot be read: .*{message}"):
        layers_of(json.dumps({"layers": [descriptor]}).encode())


def test_an_archive_is_asked_for_a_path_in_its_folder() -> None:
    layer = {
        "digest": DIGEST,
        "size": 1,
        "mediaType": "application/vnd.cncf.model.weight.v1.tar",
        "annotations": {"org.cncf.model.filepath": "models"},
    }
    layers = layers_of(json.dumps({"layers": [layer]}).encode())
    assert layers_with(layers, "models/m.onnx", ".onnx") == layers
    with pytest.raises(Refused, match=r"no file other/m\.onnx: it has models"):
        layers_with(layers, "other/m.onnx", ".onnx")
