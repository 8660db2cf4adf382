"""The environment variables that a pipeline may not set."""

from typing import Any

import pytest

from darkroom.api.environment import REFUSAL, is_protected
from darkroom.api.validation import InvalidPipeline, parse_pipeline
from tests.support.manifests import pipeline_manifest


@pytest.mark.parametrize(
    "name",
    [
        "LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "GLIBC_TUNABLES", "GCONV_PATH", "PYTHONPATH", "PYTHONSTARTUP",
        "PYTHONHOME", "HOME", "PATH", "ENV", "BASH_ENV", "BASH_FUNC_ls%%", "OPENSSL_CONF", "OPENSSL_MODULES",
        "SSLKEYLOGFILE", "ORT_LOAD_CONFIG_FROM_MODEL", "OPENCV_CORE_PLUGIN_PATH", "OV_FRONTEND_PATH",
        "OMP_TOOL_LIBRARIES", "CUDA_INJECTION64_PATH", "NVIDIA_VISIBLE_DEVICES", "AWS_CONFIG_FILE",
        "GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES", "DARKROOM_CACHE_DIR", "LD_A\nB",
    ],
)  # fmt: skip
def test_names_that_load_code_are_refused(name: str) -> None:
    assert is_protected(name)
    manifest = pipeline_manifest()
    manifest["spec"]["stages"][0]["template"] = {"env": [{"name": "A", "value": "1"}, {"name": name, "value": "x"}]}
    with pytest.raises(InvalidPipeline) as invalid:
        parse_pipeline(manifest)
    assert [str(problem) for problem in invalid.value.problems] == [f"spec.stages[0].template.env[1].name: {REFUSAL}"]


@pytest.mark.parametrize(
    "name",
    [
        "AWS_REGION", "AWS_ENDPOINT_URL", "HF_ENDPOINT", "GOOGLE_APPLICATION_CREDENTIALS", "HTTPS_PROXY",
        "SSL_CERT_FILE", "OMP_NUM_THREADS", "MALLOC_ARENA_MAX", "TZ", "OTEL_EXPORTER_OTLP_ENDPOINT",
        "CUDA_VISIBLE_DEVICES", "DARKROOM_PLAIN_HTTP_REGISTRIES", "DARKROOM_ALLOW_PRIVATE_REDIRECTS", "MY_PATH",
        "HOMEPAGE", "ENVIRONMENT", "OLD_",
    ],
)  # fmt: skip
def test_other_names_are_allowed(name: str) -> None:
    assert not is_protected(name)


@pytest.mark.parametrize(
    ("variable", "words"),
    [
        ({"name": "A", "value": "1", "valueFrom": {"fieldRef": {"fieldPath": "x"}}}, "only one of value and valueFrom"),
        ({"name": "A", "valueFrom": {"fileKeyRef": {"path": "x"}}}, "unknown field"),
        (
            {"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k", "namespace": "other"}}},
            "unknown field",
        ),
        ({"value": "1"}, "required field is missing"),
        ({"name": "A", "value": 1}, "valid string"),
    ],
)
def test_a_variable_is_a_value_or_a_reference_within_the_namespace(variable: dict[str, Any], words: str) -> None:
    manifest = pipeline_manifest()
    manifest["spec"]["stages"][0]["template"] = {"env": [variable]}
    with pytest.raises(InvalidPipeline, match=words):
        parse_pipeline(manifest)
