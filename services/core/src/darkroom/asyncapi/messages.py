"""The records of a pipeline's topics as AsyncAPI messages: keys, headers and values."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from darkroom.cloudevents import SPEC_VERSION
from darkroom.events import (
    ANALYZED,
    FAILED,
    GENERATION_HEADER,
    RECEIVED,
    TARGET_STAGE_HEADER,
    FailureHeaders,
    json_schemas,
)

Document = dict[str, Any]

KAFKA_BINDING: Final = "0.5.0"
"""The version of AsyncAPI's Kafka bindings that the document uses."""
IMAGE: Final = "ImageReceived"
STRUCTURED_IMAGE: Final = "ImageReceivedStructured"
FAILURE: Final = "ImageFailed"

_TIME: Final = {"type": "string", "format": "date-time"}
_OPTIONAL_HEADERS: Final[Mapping[str, Document]] = {
    "traceparent": {"type": "string", "description": "W3C Trace Context, passed on from the image."},
    "tracestate": {"type": "string", "description": "W3C Trace Context, passed on from the image."},
    GENERATION_HEADER: {"type": "string", "description": "The replay that published the record. Absent otherwise."},
}
_IMAGE_HEADERS: Final[Mapping[str, Document]] = {
    **_OPTIONAL_HEADERS,
    "content-type": {"type": "string", "description": "The media type of the image.", "examples": ["image/jpeg"]},
    TARGET_STAGE_HEADER: {"type": "string", "description": "The only stage that analyses the image. Absent: all do."},
}
_FAILURE_HEADERS: Final[Mapping[str, Document]] = {
    FailureHeaders.REASON: {"type": "string", "description": "Why the image failed, as one word."},
    FailureHeaders.MESSAGE: {"type": "string", "description": "Details of the failure."},
    FailureHeaders.STAGE: {"type": "string", "description": "The stage that failed."},
    FailureHeaders.ATTEMPTS: {"type": "string", "pattern": "^[0-9]+$", "description": "Number of attempts."},
    FailureHeaders.SOURCE_TOPIC: {"type": "string", "description": "Topic of the image."},
    FailureHeaders.SOURCE_PARTITION: {"type": "string", "pattern": "^[0-9]+$", "description": "Its partition."},
    FailureHeaders.SOURCE_OFFSET: {"type": "string", "pattern": "^[0-9]+$", "description": "Its offset."},
    FailureHeaders.SOURCE_TIMESTAMP: {**_TIME, "description": "Timestamp of the image's record."},
    FailureHeaders.FAILED_AT: {**_TIME, "description": "Time of the failure."},
}


def analyzed(output_type: str) -> str:
    """The name of the message with a result of `output_type`."""
    return f"ImageAnalyzed.{output_type}"


def messages(output_types: Iterable[str]) -> dict[str, Document]:
    """All messages, by name. Values of results are in `schemas(output_types)`."""
    return {
        IMAGE: _message(
            "An image",
            "Sent by the ingestion service or by any other producer. Values are image files.",
            headers=_headers(RECEIVED, "The image's id.", _IMAGE_HEADERS),
            payload={"type": "string", "format": "binary", "description": "The image file."},
            image_id="$message.header#/ce_id",
        ),
        STRUCTURED_IMAGE: _structured_image(),
        FAILURE: _message(
            "An image that a stage could not analyse",
            "Key, value and headers are those of the image, with `ce_type` changed and headers added.",
            headers=_headers(
                FAILED,
                "The image's id.",
                {**_IMAGE_HEADERS, **_FAILURE_HEADERS},
                # The record of the image may have no timestamp.
                required=[name for name in _FAILURE_HEADERS if name != FailureHeaders.SOURCE_TIMESTAMP],
            ),
            payload={"type": "string", "format": "binary", "description": "The image file."},
            image_id="$message.header#/ce_id",
        ),
        **{analyzed(output_type): _result(output_type) for output_type in output_types},
    }


def schemas(output_types: Iterable[str]) -> dict[str, Document]:
    """The schemas of the values of results and of their parts, by name."""
    found: dict[str, Document] = {}
    every = json_schemas()
    for output_type in output_types:
        whole = dict(every[f"{ANALYZED}#{output_type}"])
        parts = whole.pop("$defs", {})
        # A part has other required fields in each type, so each type has its own.
        for name, part in {
            analyzed(output_type): whole,
            **{f"{output_type}.{name}": parts[name] for name in parts},
        }.items():
            found[name] = _relocated(part, f"#/components/schemas/{output_type}.")
    return found


def _result(output_type: str) -> Document:
    name = analyzed(output_type)
    content = {"content-type": {"const": "application/json"}}
    return _message(
        f"A result of the type {output_type}",
        "The id is `<image id>.<stage>`, the same each time that the image is analysed. The results of a replay have "
        "ids of their own: `<image id>.<stage>@<generation>`.",
        headers=_headers(ANALYZED, "The result's id.", {**_OPTIONAL_HEADERS, **content}, required=["content-type"]),
        payload={"$ref": f"#/components/schemas/{name}"},
        image_id="$message.payload#/imageId",
    ) | {"contentType": "application/json"}


def _structured_image() -> Document:
    """An image in CloudEvents' structured mode. Source: Kafka protocol binding 1.0.2, section 3.3."""
    text = {"type": "string"}
    event = {
        "specversion": {"const": SPEC_VERSION},
        "id": text,
        "source": text,
        "type": text,
        "time": _TIME,
        "datacontenttype": text,
        "data_base64": {"type": "string", "contentEncoding": "base64", "description": "The image file."},
    }
    return _message(
        "An image in structured mode",
        "Other producers may send images this way. The whole event is JSON.",
        headers={
            "type": "object",
            "properties": {"content-type": {"type": "string", "pattern": r"^application/cloudevents\+json"}},
            "required": ["content-type"],
        },
        payload={
            "type": "object",
            "properties": event,
            "required": ["specversion", "id", "source", "type", "data_base64"],
        },
        image_id="$message.payload#/id",
    ) | {"contentType": "application/cloudevents+json"}


def _message(title: str, description: str, *, headers: Document, payload: Document, image_id: str) -> Document:
    key = {
        "type": "string",
        "description": "The key that the sender set, else the image's id. It chooses the partition.",
    }
    return {
        "title": title,
        "description": description,
        "correlationId": {"description": "The image's id.", "location": image_id},
        "headers": headers,
        "payload": payload,
        "bindings": {"kafka": {"key": key, "bindingVersion": KAFKA_BINDING}},
    }


def _headers(type_: str, id_: str, more: Mapping[str, Document], required: Iterable[str] = ()) -> Document:
    """The headers of an event in binary mode."""
    attributes = {
        "ce_specversion": {"const": SPEC_VERSION},
        "ce_id": {"type": "string", "minLength": 1, "description": id_},
        "ce_source": {"type": "string", "minLength": 1, "description": "Where the event was created."},
        "ce_type": {"const": type_},
        "ce_time": _TIME,
    }
    return {
        "type": "object",
        "description": "Record headers. All values are text in UTF-8. Others may be present.",
        "properties": {**attributes, **more},
        "required": ["ce_specversion", "ce_id", "ce_source", "ce_type", *required],
    }


def _relocated(schema: Any, prefix: str) -> Any:
    """The schema with references to its own definitions replaced by references to those at `prefix`."""
    if isinstance(schema, list):
        return [_relocated(part, prefix) for part in schema]
    if not isinstance(schema, Mapping):
        return schema
    return {
        name: f"{prefix}{value.removeprefix('#/$defs/')}" if name == "$ref" else _relocated(value, prefix)
        for name, value in schema.items()
    }
