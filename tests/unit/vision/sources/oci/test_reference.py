"""oci URIs."""

import re

import pytest

from darkroom.api.uris import URI_PATTERN
from darkroom_vision.sources.failures import Refused
from darkroom_vision.sources.oci.reference import Reference, base_url, parse_reference

DIGEST = "sha256:" + "0a" * 32


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("oci://ghcr.io/org/digits:v1", Reference("ghcr.io", "org/digits", "v1")),
        ("oci://ghcr.io/org/digits", Reference("ghcr.io", "org/digits", "latest")),
        ("oci://r:5000/digits:V_1.0-x", Reference("r:5000", "digits", "V_1.0-x")),
        (f"oci://[::1]:5000/a/b_c/d-e@{DIGEST}", Reference("[::1]:5000", "a/b_c/d-e", DIGEST)),
        (f"oci://r/digits:v1@{DIGEST}#m.onnx", Reference("r", "digits", DIGEST, "m.onnx")),
        ("oci://r/digits#a/m.onnx", Reference("r", "digits", "latest", "a/m.onnx")),
        ("oci://docker.io/digits", Reference("docker.io", "library/digits", "latest")),
    ],
)
def test_a_uri_is_parsed(uri: str, expected: Reference) -> None:
    assert parse_reference(uri) == expected
    assert re.match(URI_PATTERN, uri)


@pytest.mark.parametrize(
    "uri",
    [
        "oci://digits",
        "oci:///digits",
        "oci://r/Digits",
        "oci://r/digits:",
        "oci://r/digits@sha256:12",
        "oci://r/digits?x=1",
        "oci://user@r/digits",
        "oci://r/digits#",
    ],
)
def test_a_uri_of_another_form_is_refused(uri: str) -> None:
    with pytest.raises(Refused, match="oci://REGISTRY/REPOSITORY:TAG@sha256:DIGEST#PATH"):
        parse_reference(uri)
    assert not re.match(URI_PATTERN, uri)


@pytest.mark.parametrize(
    ("uri", "url"),
    [
        ("oci://ghcr.io/org/digits", "https://ghcr.io/v2/org/digits"),
        ("oci://docker.io/org/digits", "https://registry-1.docker.io/v2/org/digits"),
        ("oci://localhost:5000/digits", "http://localhost:5000/v2/digits"),
        ("oci://127.0.0.1:5000/digits", "http://127.0.0.1:5000/v2/digits"),
        ("oci://localhost.example/digits", "https://localhost.example/v2/digits"),
        ("oci://registry.tools:5000/digits", "http://registry.tools:5000/v2/digits"),
        ("oci://registry.tools/digits", "https://registry.tools/v2/digits"),
    ],
)
def test_plain_http_is_for_this_machine_and_listed_registries(uri: str, url: str) -> None:
    listed = {"DARKROOM_PLAIN_HTTP_REGISTRIES": "other, registry.tools:5000"}
    assert base_url(parse_reference(uri), listed) == url
