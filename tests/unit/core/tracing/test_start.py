"""Whether tracing is on."""

import subprocess
import sys

import pytest

from darkroom.tracing.start import start_tracing

ON = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"OTEL_SERVICE_NAME": "mine", "OTEL_TRACES_SAMPLER": "always_on"},
        ON | {"OTEL_SDK_DISABLED": "true"},
        ON | {"OTEL_TRACES_EXPORTER": "none"},
        ON | {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": ""},
    ],
)
def test_it_is_off_unless_an_endpoint_is_set_that_it_can_export_to(environment: dict[str, str]) -> None:
    assert start_tracing("service", environment=environment) is None


def test_with_an_endpoint_it_is_on() -> None:
    tracing = start_tracing("service", environment=ON | {"OTEL_TRACES_SAMPLER": "parentbased_always_off"})
    assert tracing is not None
    assert tracing.sampler.ratio == 0
    tracing.close(1)


@pytest.mark.processes
@pytest.mark.parametrize(
    ("modules", "named"),
    [
        ("darkroom_inference.command", "opentelemetry"),
        # FastAPI imports the API of OpenTelemetry.
        (
            "darkroom_ingestion.command, darkroom_ingestion.filling.command",
            "opentelemetry.sdk opentelemetry.exporter",
        ),
    ],
)
def test_opentelemetry_is_not_imported_while_it_is_off(modules: str, named: str) -> None:
    program = f"""
import sys, {modules}
from darkroom.tracing.start import start_tracing
assert start_tracing("service", environment={{}}) is None
print(*(name for name in sys.modules if name.startswith(tuple("{named}".split()))))
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (0, "\n"), ran.stderr
