"""Checks of records and documents against AsyncAPI: the official schema, and the schemas of a document."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
from confluent_kafka import Message

from darkroom.kafka.record_headers import record_headers

_SCHEMA = Path(__file__).with_name("asyncapi-3.0.0.json")


@cache
def _official() -> jsonschema.Draft7Validator:
    return jsonschema.Draft7Validator(json.loads(_SCHEMA.read_text(encoding="utf-8")))


def assert_is_asyncapi(document: Mapping[str, Any]) -> None:
    """Fail unless `document` is an AsyncAPI 3.0 document whose references all exist."""
    if not _official().is_valid(document):
        raise jsonschema.exceptions.best_match(_official().iter_errors(document))
    for reference in _references(document):
        resolved(document, reference)


def resolved(document: Mapping[str, Any], reference: str) -> Any:
    """The part of `document` that `reference` names, a JSON pointer."""
    part: Any = document
    for name in reference.removeprefix("#/").split("/"):
        part = part[name]
    return part


def assert_record_is_described(record: Message, document: Mapping[str, Any], message: str) -> None:
    """Fail unless `record` is as the message of that name in the channel of its topic says."""
    channel = document["channels"][record.topic()]
    assert channel["address"] == record.topic()
    described = resolved(document, channel["messages"][message]["$ref"])
    headers = {name: (value or b"").decode() for name, value in record_headers(record)}
    _check(headers, described["headers"], document)
    _check((record.key() or b"").decode(), described["bindings"]["kafka"]["key"], document)
    if "json" in described.get("contentType", ""):
        _check(json.loads(record.value() or b""), described["payload"], document)
    else:
        assert described["payload"]["format"] == "binary"


def _check(instance: Any, schema: Mapping[str, Any], document: Mapping[str, Any]) -> None:
    # The components are beside the schema, so that references from it are found.
    whole = {**schema, "components": document["components"]}
    jsonschema.validate(
        instance, whole, cls=jsonschema.Draft7Validator, format_checker=jsonschema.Draft7Validator.FORMAT_CHECKER
    )


def _references(part: Any) -> list[str]:
    if isinstance(part, list):
        return [reference for item in part for reference in _references(item)]
    if not isinstance(part, Mapping):
        return []
    own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
    return [*own, *(reference for value in part.values() for reference in _references(value))]
