"""The URIs of model and label files."""

import re

import pytest

from darkroom.api.uris import URI_PATTERN


@pytest.mark.parametrize(
    "uri",
    [
        "pvc://claim/m.onnx",
        "pvc://claim/a/b//.hidden",
        "pvc://claim/..a/a../...",
        "pvc://claim/./m",
        "configmap://m/a.onnx",
    ],
)
def test_a_path_on_a_volume_is_accepted(uri: str) -> None:
    assert re.match(URI_PATTERN, uri)


@pytest.mark.parametrize(
    "uri",
    [
        "pvc://claim/..",
        "pvc://claim/../../etc/darkroom-kafka/password",
        "pvc://claim/a/../../x",
        "pvc://claim/a/..",
        "pvc://claim//../x",
        "configmap://m/../x",
    ],
)
def test_a_path_out_of_a_volume_is_refused(uri: str) -> None:
    assert not re.match(URI_PATTERN, uri)
