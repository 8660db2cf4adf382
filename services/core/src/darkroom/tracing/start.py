"""Starts tracing if the environment asks for it. Without it, OpenTelemetry is not imported."""

import os
import socket
from collections.abc import Mapping
from typing import Final

import structlog

from darkroom.processes.loading import loading
from darkroom.tracing.sampling import Sampler
from darkroom.tracing.spans import Tracing

ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS: Final = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
EXPORTER: Final = "OTEL_TRACES_EXPORTER"
DISABLED: Final = "OTEL_SDK_DISABLED"

_PROTOCOL: Final = "http/protobuf"

log = structlog.get_logger("darkroom.tracing")


def start_tracing(
    service: str, attributes: Mapping[str, str] | None = None, environment: Mapping[str, str] = os.environ
) -> Tracing | None:
    """Start to export spans of this process; None if no OTLP endpoint is set. Call `close` before the process ends.

    Args:
        service: the service's name, unless OTEL_SERVICE_NAME is set.
        attributes: further resource attributes.
        environment: OpenTelemetry's variables. The SDK reads some from the process's own environment.
    """
    if not _is_wanted(environment):
        return None
    protocol = next(filter(None, map(environment.get, PROTOCOLS)), _PROTOCOL)
    if protocol != _PROTOCOL:
        log.warning("tracing is off: spans are only exported with OTLP over HTTP", protocol=protocol, use=_PROTOCOL)
        return None
    try:
        with loading():
            from darkroom.tracing.otlp import OtlpRecorder  # noqa: PLC0415 - takes a tenth of a second
    except ImportError as error:
        log.warning("tracing is off: install darkroom[opentelemetry]", error=str(error))
        return None
    try:
        instance = f"{socket.gethostname()}-{os.getpid()}"
        recorder = OtlpRecorder({"service.name": service, "service.instance.id": instance, **(attributes or {})})
    except (ValueError, OSError) as error:  # a variable has an invalid value, or a certificate can't be read
        log.warning("tracing is off: its settings are not valid", error=str(error))
        return None
    tracing = Tracing(recorder, Sampler.from_environment(environment))
    log.info("tracing", ratio=tracing.sampler.ratio, follows_parent=tracing.sampler.follows_parent)
    return tracing


def _is_wanted(environment: Mapping[str, str]) -> bool:
    if environment.get(DISABLED, "").lower() == "true" or environment.get(EXPORTER, "otlp") == "none":
        return False
    return any(environment.get(name) for name in ENDPOINTS)
