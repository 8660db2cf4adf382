"""The port of a model's source, which the NetworkPolicy of the workers opens."""

from typing import Any

import pytest

from darkroom.api.environment import Variable
from darkroom_operator.reconcile.models import UnusableModel, source_port


def variables(env: list[dict[str, Any]]) -> list[Variable]:
    return [Variable.model_validate(variable) for variable in env]


@pytest.mark.parametrize(
    ("uri", "env", "port"),
    [
        ("https://example.org/m.onnx", [], 443),
        ("https://example.org:8443/m.onnx", [], 8443),
        ("s3://bucket/m.onnx", [], 443),
        ("s3://bucket/m.onnx", [{"name": "AWS_ENDPOINT_URL", "value": "http://minio:9000"}], 9000),
        ("s3://bucket/m.onnx", [{"name": "AWS_ENDPOINT_URL", "value": "http://minio"}], 80),
        ("hf://org/repo/m.onnx@v1", [], 443),
        ("oci://registry.example/models/digits:v1", [], 443),
        ("oci://registry.example:5000/models/digits#m.onnx", [], 5000),
        (
            "oci://registry.tools/digits",
            [{"name": "DARKROOM_PLAIN_HTTP_REGISTRIES", "value": "a:1, registry.tools"}],
            80,
        ),
        ("hf://org/repo/m.onnx", [{"name": "HF_ENDPOINT", "value": "https://mirror:8443"}], 8443),
        ("hf://org/repo/m.onnx", [{"name": "AWS_ENDPOINT_URL", "value": "http://minio:9000"}], 443),
    ],
)
def test_the_port_of_the_source(uri: str, env: list[dict[str, Any]], port: int) -> None:
    assert source_port("model x", uri, variables(env), {}) == port


def test_the_endpoint_may_be_in_the_secret() -> None:
    assert source_port("model x", "s3://b/m.onnx", [], {"AWS_ENDPOINT_URL": b"https://minio:9443"}) == 9443


def test_the_template_overrides_the_secret() -> None:
    env = variables([{"name": "AWS_ENDPOINT_URL", "value": "http://minio:9000"}])
    assert source_port("model x", "s3://b/m.onnx", env, {"AWS_ENDPOINT_URL": b"https://minio:9443"}) == 9000


@pytest.mark.parametrize(
    ("uri", "env", "message"),
    [
        ("https://example.org:99999/m.onnx", [], "the URI is not a valid URL: Port out of range 0-65535"),
        ("oci://registry:99999/digits", [], "the URI is not a valid URL: Port out of range 0-65535"),
        ("https://[::1/m.onnx", [], "the URI is not a valid URL: Invalid IPv6 URL"),
        ("s3://b/m.onnx", [{"name": "AWS_ENDPOINT_URL", "value": "http://minio:port"}], "AWS_ENDPOINT_URL is not a"),
    ],
)
def test_a_url_that_cannot_be_parsed_is_named(uri: str, env: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(UnusableModel) as raised:
        source_port("model x", uri, variables(env), {})
    assert raised.value.finding.reason == "InvalidSpec"
    assert raised.value.finding.message.startswith(f"model x: {message}")
