"""The CustomResourceDefinition, generated from the models and the rules. `python -m darkroom.api.crd` prints it.

Kubernetes accepts only structural schemas: no references, no union of a type with null, a default for every object
that has defaults inside, and no `additionalProperties: false` (the API server warns of unknown fields and drops them).
"""

import sys
from collections.abc import Iterator, Mapping
from typing import Any

from darkroom import __version__, names
from darkroom.api.pipeline import ImagePipeline
from darkroom.api.rules import CHANGE_RULES, RULES
from darkroom.yaml_text import yaml_text

Schema = dict[str, Any]

_UNTYPED = "x-kubernetes-preserve-unknown-fields"
_PRINTER_COLUMNS = (
    ("Ready", "string", '.status.conditions[?(@.type=="Ready")].status', "Whether images are accepted and analysed."),
    ("Stages", "string", ".status.stagesReady", "Ready stages and total stages."),
    ("Workers", "string", ".status.workers", "Ready workers and desired workers, with autoscaling."),
    ("Images topic", "string", ".status.imagesTopic", "Topic to publish images to."),
    ("Reason", "string", '.status.conditions[?(@.type=="Ready")].reason', "Reason of the Ready condition."),
    ("Age", "date", ".metadata.creationTimestamp", "Time since creation."),
)


def image_pipeline_crd() -> dict[str, Any]:
    """The CustomResourceDefinition of ImagePipeline."""
    version = {
        "name": names.VERSION,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": _image_pipeline_schema()},
        "subresources": {
            "status": {},
            "scale": {
                "specReplicasPath": ".spec.replicas",
                "statusReplicasPath": ".status.replicas",
                "labelSelectorPath": ".status.selector",
            },
        },
        "additionalPrinterColumns": [
            {"name": name, "type": type_, "jsonPath": path, "description": description}
            for name, type_, path, description in _PRINTER_COLUMNS
        ],
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{names.PLURAL}.{names.GROUP}",
            "labels": {"app.kubernetes.io/part-of": "darkroom", "app.kubernetes.io/version": __version__},
        },
        "spec": {
            "group": names.GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": names.KIND,
                "listKind": f"{names.KIND}List",
                "plural": names.PLURAL,
                "singular": names.KIND.lower(),
                "shortNames": [names.SHORT_NAME],
                "categories": ["darkroom"],
            },
            "versions": [version],
        },
    }


def _image_pipeline_schema() -> Schema:
    generated = ImagePipeline.model_json_schema(by_alias=True)
    schema = _structural(generated, generated["$defs"])
    schema["properties"] |= {
        "apiVersion": {"type": "string", "description": "API version of the object."},
        "kind": {"type": "string", "description": f"{names.KIND}."},
        "metadata": {"type": "object"},
    }
    schema["properties"]["status"].pop("default", None)
    schema["required"] = ["spec"]
    for rule in (*RULES, *CHANGE_RULES):
        target = _at(schema, rule.at)
        target.setdefault("x-kubernetes-validations", []).append({"rule": rule.cel, "message": rule.message})
    return schema


def _structural(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Schema:
    """`schema` as a structural schema, with references replaced by their definitions."""
    flat, _ = _flattened(schema, definitions)
    kept: Schema = {key: value for key, value in flat.items() if key in _TAKEN_OVER or key.startswith("x-kubernetes-")}
    if "const" in flat:
        kept |= {"type": "string", "enum": [flat["const"]]}
    if "exclusiveMinimum" in flat:
        kept |= {"minimum": flat["exclusiveMinimum"], "exclusiveMinimum": True}
    if "items" in flat:
        kept["items"] = _structural(flat["items"], definitions)
    if "properties" in flat:
        required = flat.get("required", [])
        kept["properties"] = {
            name: _property(value, definitions, required=name in required) for name, value in flat["properties"].items()
        }
    free = flat.get("additionalProperties", False)
    if isinstance(free, Mapping) and _UNTYPED not in kept:
        kept["additionalProperties"] = _structural(free, definitions)
    elif free is True and "properties" not in kept:
        kept[_UNTYPED] = True
    return kept


_TAKEN_OVER = (
    "type", "description", "default", "enum", "format", "pattern", "minimum", "maximum", "minLength", "maxLength",
    "minItems", "maxItems", "maxProperties", "required",
)  # fmt: skip


def _property(schema: Mapping[str, Any], definitions: Mapping[str, Any], *, required: bool) -> Schema:
    _, may_be_null = _flattened(schema, definitions)
    kept = _structural(schema, definitions)
    if may_be_null:
        kept.pop("default", None)
    elif not required and kept.get("type") in _EMPTY:
        # pydantic omits the default of a default_factory: an empty object, which Kubernetes fills with its defaults.
        kept.setdefault("default", _EMPTY[kept["type"]]())
    return kept


_EMPTY = {"object": dict, "array": list}


def _flattened(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> tuple[Schema, bool]:
    """`schema` with its reference resolved, and whether it allows null."""
    flat, may_be_null = dict(schema), False
    choices = flat.pop("anyOf", [])
    if any(choice.get("type") == "null" for choice in choices):
        may_be_null = True
        (typed,) = (choice for choice in choices if choice.get("type") != "null")
        flat = {**typed, **flat}
    if "$ref" in flat:
        name = flat.pop("$ref").removeprefix("#/$defs/")
        flat = {**definitions[name], **flat}
    return flat, may_be_null


def _at(schema: Schema, path: str) -> Schema:
    for step in filter(None, path.split(".")):
        schema = schema["properties"][step.removesuffix("[]")]
        if step.endswith("[]"):
            schema = schema["items"]
    return schema


def undescribed(schema: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """The path of every field without a description."""
    for name, field in schema.get("properties", {}).items():
        if "description" not in field and (path, name) != ("", "metadata"):
            yield f"{path}.{name}"
        yield from undescribed(field, f"{path}.{name}")
    if "items" in schema:
        yield from undescribed(schema["items"], f"{path}[]")


def crd_yaml() -> str:
    """The CRD as YAML, as stored in the chart."""
    body = yaml_text(image_pipeline_crd(), width=120)
    return "# Generated from darkroom.api.pipeline and darkroom.api.rules by `make generate`. Do not edit.\n" + body


if __name__ == "__main__":
    sys.stdout.write(crd_yaml())
