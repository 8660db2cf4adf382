"""uv.lock has wheels of everything in the images for both architectures: nothing is compiled."""

import functools
import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import parse_wheel_filename

from kind.base_image import published_base
from kind.settings import CHECKOUT

# Of Debian 12, the base of the images.
_GLIBC_MINOR = 36
# What the Dockerfile installs, and the extras that INFERENCE_EXTRAS may add.
IMAGES = {
    "darkroom-operator": [],
    "darkroom-ingestion": ["heic", "opentelemetry", "postgresql"],
    "darkroom-inference": ["heic", "opentelemetry", "s3", "gs"],
}


@pytest.mark.parametrize("architecture", ["x86_64", "aarch64"])
@pytest.mark.parametrize("package", IMAGES)
def test_every_dependency_of_an_image_has_a_wheel(package: str, architecture: str) -> None:
    supported = tags(architecture)
    missing = [
        dependency["name"]
        for dependency in dependencies(package, IMAGES[package])
        if "registry" in dependency["source"]
        and not any(parse_wheel_filename(name)[3] & supported for name in wheels(dependency))
    ]
    assert missing == []


def test_the_extras_are_those_of_the_dockerfile() -> None:
    dockerfile = (CHECKOUT / "Dockerfile").read_text(encoding="utf-8")
    for package, extras in IMAGES.items():
        lines = [line for line in dockerfile.splitlines() if f"--package {package}" in line and "uv sync" in line]
        named = {extra for line in lines for extra in re.findall(r"--extra ([a-z0-9]+)", line)}
        assert named <= set(extras)
    (default,) = set(re.findall(r'^ARG INFERENCE_EXTRAS="(.*)"$', dockerfile, re.MULTILINE))
    assert set(default.split()) <= set(IMAGES["darkroom-inference"])


@functools.cache
def tags(architecture: str) -> frozenset[Tag]:
    """The tags of wheels that the Python of the base image accepts."""
    found = re.search(r"python:(\d+)\.(\d+)", published_base())
    assert found
    version = int(found[1]), int(found[2])
    platforms = [f"manylinux_2_{minor}_{architecture}" for minor in range(_GLIBC_MINOR, 4, -1)]
    platforms += [f"manylinux2014_{architecture}", f"linux_{architecture}"]
    return frozenset([*cpython_tags(version, platforms=platforms), *compatible_tags(version, platforms=platforms)])


def dependencies(name: str, extras: list[str]) -> list[dict[str, Any]]:
    """The locked packages that `name` with `extras` needs, on any platform."""
    seen: dict[tuple[str, str], dict[str, Any]] = {}
    waiting = [(name, ""), *((name, extra) for extra in extras)]
    while waiting:
        key = waiting.pop()
        if key not in seen:
            seen[key] = package = lock()[key[0]]
            waiting += list(needed(package, key[1]))
    return list({package["name"]: package for package in seen.values()}.values())


def needed(package: dict[str, Any], extra: str) -> Iterator[tuple[str, str]]:
    """What a package, or an extra of it, requires: names with an extra, or without."""
    listed = package.get("optional-dependencies", {}).get(extra, []) if extra else package.get("dependencies", [])
    for dependency in listed:
        if "sys_platform == 'win32'" not in dependency.get("marker", ""):
            yield dependency["name"], ""
            yield from ((dependency["name"], further) for further in dependency.get("extra", []))


@functools.cache
def lock() -> dict[str, dict[str, Any]]:
    with (CHECKOUT / "uv.lock").open("rb") as file:
        return {package["name"]: package for package in tomllib.load(file)["package"]}


def wheels(package: dict[str, Any]) -> list[str]:
    return [wheel["url"].rpartition("/")[2] for wheel in package.get("wheels", [])]
