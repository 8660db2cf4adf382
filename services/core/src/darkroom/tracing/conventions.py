"""Names and attributes of spans: OpenTelemetry's semantic conventions 1.44 for messaging and CloudEvents."""

from typing import Final, Literal

from darkroom.cloudevents import SPEC_VERSION
from darkroom.tracing.context import SpanContext
from darkroom.tracing.spans import Span

SCHEMA_URL: Final = "https://opentelemetry.io/schemas/1.44.0"

Operation = Literal["publish", "process"]
Values = dict[str, str | int | float | bool]

_TYPES: Final = {"publish": "send", "process": "process"}


def messaging(operation: Operation, topic: str) -> Values:
    """The attributes that every span about a record has."""
    return {
        "messaging.system": "kafka",
        "messaging.operation.name": operation,
        "messaging.operation.type": _TYPES[operation],
        "messaging.destination.name": topic,
    }


def position(partition: int, offset: int) -> Values:
    """The attributes with the position of a record."""
    return {"messaging.destination.partition.id": str(partition), "messaging.kafka.offset": offset}


def cloud_event(id_: str, source: str, type_: str) -> Values:
    """The attributes with the event that a record is."""
    return {
        "cloudevents.event_id": id_,
        "cloudevents.event_source": source,
        "cloudevents.event_spec_version": SPEC_VERSION,
        "cloudevents.event_type": type_,
    }


def processed(
    topic: str,
    context: SpanContext,
    parent: SpanContext | None,
    times_ns: tuple[int, int],
    values: Values,
    error: str = "",
) -> Span:
    """The span of a consumer that has processed a record.

    It is a child of the span that published the record. The conventions also ask for a link.
    """
    failed: Values = {"error.type": error} if error else {}
    return Span(
        f"process {topic}",
        "Consumer",
        context,
        parent,
        *times_ns,
        {**messaging("process", topic), **values, **failed},
        links=() if parent is None else (parent,),
        error=error,
    )


def published(
    topic: str,
    context: SpanContext,
    parent: SpanContext | None,
    times_ns: tuple[int, int],
    values: Values,
    error: str = "",
) -> Span:
    """The span of a producer whose record Kafka has acknowledged, or refused with `error`."""
    failed: Values = {"error.type": error} if error else {}
    attributes = {**messaging("publish", topic), **values, **failed}
    return Span(f"publish {topic}", "Producer", context, parent, *times_ns, attributes, error=error)
