"""Attributes have the names of OpenTelemetry's semantic conventions."""

from opentelemetry.semconv._incubating.attributes import cloudevents_attributes, messaging_attributes
from opentelemetry.semconv.attributes import error_attributes
from opentelemetry.semconv.schemas import Schemas

from darkroom.tracing.context import SpanContext
from darkroom.tracing.conventions import SCHEMA_URL, cloud_event, position, processed, published

KNOWN = {
    value
    for module in (cloudevents_attributes, messaging_attributes, error_attributes)
    for value in vars(module).values()
    if isinstance(value, str)
}
CONTEXT = SpanContext("1" * 32, "1" * 16, sampled=True)
PARENT = SpanContext("1" * 32, "2" * 16, sampled=True)


def test_every_attribute_is_one_of_the_conventions() -> None:
    values = {**position(1, 2), **cloud_event("i", "/s", "t")}
    for span in (
        processed("topic", CONTEXT, PARENT, (1, 2), values, "DecodeError"),
        published("topic", CONTEXT, PARENT, (1, 2), values, "NotDelivered"),
    ):
        assert set(span.attributes) <= KNOWN
    assert SCHEMA_URL in {schema.value for schema in Schemas}


def test_a_consumer_is_a_child_of_the_producer_and_linked_to_it() -> None:
    span = processed("topic", CONTEXT, PARENT, (1, 2), {})
    assert (span.name, span.kind, span.parent, span.links) == ("process topic", "Consumer", PARENT, (PARENT,))
    assert processed("topic", CONTEXT, None, (1, 2), {}).links == ()


def test_a_failure_is_an_error() -> None:
    span = published("topic", CONTEXT, PARENT, (1, 2), {}, "NotDelivered")
    assert (span.name, span.kind, span.error) == ("publish topic", "Producer", "NotDelivered")
    assert span.attributes["error.type"] == "NotDelivered"
