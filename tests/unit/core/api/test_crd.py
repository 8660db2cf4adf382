"""The generated CRD is a valid structural schema and contains all descriptions, rules and defaults."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from darkroom.api.crd import image_pipeline_crd, undescribed
from darkroom.api.rules import CHANGE_RULES, RULES


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    version: dict[str, Any] = image_pipeline_crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return version


def test_every_field_is_described(schema: dict[str, Any]) -> None:
    assert list(undescribed(schema)) == []


def test_every_description_is_a_sentence_that_says_more_than_the_name(schema: dict[str, Any]) -> None:
    described = [(path, node["description"]) for path, node in nodes(schema) if "description" in node]
    assert len(described) > 200
    wrong = [
        path
        for path, text in described
        if not re.fullmatch(r"[A-Z\[].*\.", text)
        or text.startswith(("Its ", "As in "))
        or words(text) == words(path.rpartition(".")[2].removesuffix("[]"))
    ]
    assert wrong == []


def words(text: str) -> list[str]:
    """The words of a description or a camelCase name, in lower case and without articles."""
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z]+", text) if word.lower() not in {"a", "an", "the"}]


def test_the_schema_is_structural(schema: dict[str, Any]) -> None:
    for path, node in nodes(schema):
        assert not {"$ref", "anyOf", "oneOf", "const", "title"} & set(node), path
        typed = "type" in node or "x-kubernetes-int-or-string" in node or "x-kubernetes-preserve-unknown-fields" in node
        assert typed, path
        assert node.get("additionalProperties") not in (True, False), path


def test_every_rule_is_in_the_schema_once(schema: dict[str, Any]) -> None:
    written = [rule["rule"] for _, node in nodes(schema) for rule in node.get("x-kubernetes-validations", [])]
    assert sorted(written) == sorted(rule.cel for rule in (*RULES, *CHANGE_RULES))


def test_a_field_with_defaults_inside_has_a_default_itself(schema: dict[str, Any]) -> None:
    spec = schema["properties"]["spec"]["properties"]
    stage = spec["stages"]["items"]["properties"]
    assert spec["images"]["default"] == stage["results"]["default"] == stage["input"]["default"] == {}
    assert spec["images"]["properties"]["partitions"]["default"] == 12
    assert "default" not in spec["kafka"], "no default would be valid here"


def nodes(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, schema
    for name, field in schema.get("properties", {}).items():
        yield from nodes(field, f"{path}.{name}")
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from nodes(schema[key], f"{path}[]")
