"""The binary mode of the Kafka binding, both ways, against the CloudEvents SDK."""

import json
from datetime import UTC, datetime

from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event, to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent as SdkEvent
from hypothesis import given
from hypothesis import strategies as st

from darkroom.cloudevents import CloudEvent, in_binary_mode, read_headers, timestamp

text = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=40)
extension_names = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=20).filter(
    lambda name: (
        name not in {"id", "source", "type", "time", "specversion", "datacontenttype", "dataschema", "subject", "data"}
    )
)
events = st.builds(
    CloudEvent,
    id=text,
    source=text,
    type=text,
    time=st.datetimes(timezones=st.just(UTC)).map(timestamp),
    content_type=st.none() | st.sampled_from(["image/jpeg", "application/json"]),
    extensions=st.dictionaries(extension_names, text, max_size=4),
    trace=st.dictionaries(st.sampled_from(["traceparent", "tracestate"]), text, max_size=2),
)


@given(events)
def test_an_event_is_read_unchanged_from_its_headers(event: CloudEvent) -> None:
    assert read_headers(event.headers()) == event


def test_the_sdk_reads_our_headers() -> None:
    event = CloudEvent(
        "a-1", "/cameras/1", "dev.darkroom.image.received", "2026-11-01T12:00:00.125Z", "image/png", {"lane": "7"}
    )
    message = KafkaMessage(headers=dict(event.headers()), key=b"camera-1", value=b"\x89PNG")
    seen = from_binary_event(message)
    assert (seen.get_id(), seen.get_source(), seen.get_type()) == (event.id, event.source, event.type)
    assert seen.get_time() == datetime(2026, 11, 1, 12, 0, 0, 125_000, tzinfo=UTC)
    assert seen.get_datacontenttype() == "image/png"
    assert seen.get_extension("lane") == "7"
    assert seen.get_data() == b"\x89PNG"


def test_we_read_the_sdks_headers() -> None:
    attributes = {
        "id": "b-2",
        "source": "/elsewhere",
        "type": "dev.darkroom.image.received",
        "specversion": "1.0",
        "time": datetime(2026, 11, 1, tzinfo=UTC),
        "datacontenttype": "image/jpeg",
        "lane": "7",
    }
    message = to_binary_event(SdkEvent(attributes, b"\xff\xd8"))
    seen = read_headers(list(message.headers.items()))
    assert seen is not None
    assert (seen.id, seen.source, seen.type, seen.content_type) == (
        "b-2",
        "/elsewhere",
        attributes["type"],
        "image/jpeg",
    )
    assert seen.extensions["lane"] == "7"


def test_an_event_of_the_sdk_in_structured_mode_is_read_as_in_binary_mode() -> None:
    attributes = {
        "id": "b-2",
        "source": "/elsewhere",
        "type": "dev.darkroom.image.received",
        "specversion": "1.0",
        "time": datetime(2026, 11, 1, tzinfo=UTC),
        "datacontenttype": "image/jpeg",
        "lane": "7",
        "traceparent": "00-1-2-03",
    }
    message = to_structured_event(SdkEvent(attributes, b"\xff\xd8\x00"))
    headers, value = in_binary_mode([*message.headers.items(), ("darkroom-target-stage", b"embed")], message.value)
    assert value == b"\xff\xd8\x00"
    assert dict(headers)["content-type"] == b"image/jpeg"
    assert dict(headers)["darkroom-target-stage"] == b"embed"
    seen = read_headers(headers)
    assert seen is not None
    assert (seen.id, seen.source, seen.type) == ("b-2", "/elsewhere", attributes["type"])
    assert datetime.fromisoformat(seen.time) == attributes["time"]
    assert (seen.extensions, seen.trace) == ({"lane": "7"}, {"traceparent": "00-1-2-03"})


@given(
    st.binary(max_size=50)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["id", "data_base64", "data", "source", "Ö"]), inner)
        ),
        max_leaves=8,
    ).map(lambda value: json.dumps(value).encode())
)
def test_malformed_events_are_unchanged(value: bytes) -> None:
    claims: list[tuple[str, bytes | None]] = [("content-type", b"application/cloudevents+json; charset=UTF-8")]
    headers, data = in_binary_mode(claims, value)
    assert (headers, data) == (claims, value) or dict(headers)["ce_id"] is not None


def test_records_in_binary_mode_are_unchanged() -> None:
    headers: list[tuple[str, bytes | None]] = [("ce_id", b"a"), ("content-type", b"image/png"), ("x", None)]
    assert in_binary_mode(headers, b"PNG") == (headers, b"PNG")
    assert in_binary_mode(None, None) == ([], None)


def test_headers_of_others_are_no_event_and_no_error() -> None:
    assert read_headers(None) is None
    assert read_headers([("x", b"\xff\xfe"), ("ce_source", b"/a"), ("y", None)]) is None


def test_a_timestamp_is_rfc_3339_in_utc_with_milliseconds() -> None:
    assert timestamp(datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)) == "2026-01-02T03:04:05.678Z"
