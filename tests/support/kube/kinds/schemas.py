"""Kubernetes' own JSON schemas of several versions, to check manifests against more versions than the tests can run."""

import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7

from tests.support.downloads.pypi_programs import pypi_program
from tests.support.kube.api import Manifest

NEWEST = 37


def problems(manifest: Manifest, minor: int) -> Iterator[str]:
    """What Kubernetes 1.`minor` would refuse in `manifest`: unknown fields too. Nothing for kinds of CRDs."""
    group, _, version = manifest["apiVersion"].rpartition("/")
    short = "-".join(filter(None, (manifest["kind"].lower(), group.partition(".")[0], version)))
    schema = _folder(minor) / f"{short}.json"
    if schema.exists():
        for error in _validator(minor, schema).iter_errors(manifest):
            yield f"{manifest['kind']} {manifest['metadata']['name']}: {error.json_path}: {error.message}"
    elif (_folder(NEWEST) / schema.name).exists():
        yield f"Kubernetes 1.{minor} does not have {manifest['apiVersion']} {manifest['kind']}"


@functools.cache
def _folder(minor: int) -> Path:
    return pypi_program("kubernetes-schemas") / f"v1.{minor}.0-local-strict"


@functools.cache
def _validator(minor: int, schema: Path) -> Draft7Validator:
    return Draft7Validator(_read(schema), registry=_definitions(minor))


@functools.cache
def _definitions(minor: int) -> "Registry[Any]":
    file = _folder(minor) / "_definitions.json"
    return Registry().with_resource(f"/api/{file.name}", Resource(_read(file), DRAFT7))


def _read(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))
