"""SBOMs of images: valid CycloneDX, the same for the same packages, and complete."""

import json
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from jsonschema import Draft7Validator
from packageurl import PackageURL

from scripts.sbom.__main__ import sbom
from scripts.sbom.component import Component
from scripts.sbom.document import document
from tests.support.documents import ROOT

_STATUS = """\
Package: libstdc++6
Status: install ok installed
Architecture: amd64
Source: gcc-12
Version: 12.2.0-14+deb12u1
Depends: gcc-12-base (= 12.2.0-14+deb12u1), libc6 (>= 2.36) | libc6-udeb
Description: GNU Standard C++ Library v3
 Depends: is not a field here

Package: libc6
Status: install ok installed
Architecture: amd64
Source: glibc (2.36-9)
Version: 1:2.36-9+deb12u13
Provides: libc6-2.36

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1

Package: base-files
Status: install ok installed
Architecture: amd64
Version: 12.4
Pre-Depends: awk
Depends: libc6-2.36
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root file system with three Debian packages, and one that was removed."""
    root = tmp_path_factory.mktemp("root")
    for path, content in {"var/lib/dpkg/status": _STATUS, "etc/os-release": 'ID=debian\nVERSION_ID="12"\n'}.items():
        (root / path).parent.mkdir(parents=True)
        (root / path).write_text(content, encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def text(root: Path) -> str:
    """The SBOM of an image with this environment, the console, and the packages of `root`."""
    return sbom("darkroom-ingestion", "darkroom-ingestion", ROOT / "console/package-lock.json", root)


@pytest.fixture(scope="module")
def content(text: str) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(text)
    return parsed


def needs(content: dict[str, Any], ref: str) -> set[str]:
    (found,) = (entry["dependsOn"] for entry in content["dependencies"] if entry["ref"] == ref)
    return set(found)


def test_it_is_valid_cyclonedx(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    formats = Draft7Validator.FORMAT_CHECKER.checkers
    monkeypatch.setitem(formats, "iri-reference", formats["uri-reference"])  # see tests/conftest.py
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


def test_it_is_the_same_for_the_same_packages_in_any_order(text: str, root: Path) -> None:
    assert sbom("darkroom-ingestion", "darkroom-ingestion", ROOT / "console/package-lock.json", root) == text
    parts = [Component("a", "1", "pkg:generic/a@1"), Component("b", "2", "pkg:generic/b@2")]
    former = document("image", "1", parts, ["pkg:generic/a@1"])
    assert document("image", "1", [*reversed(parts), parts[0]], ["pkg:generic/a@1"]) == former
    assert document("image", "1", parts[:1], ["pkg:generic/a@1"]) != former


def test_package_urls_and_references_are_consistent(content: dict[str, Any]) -> None:
    refs = [component["bom-ref"] for component in content["components"]]
    assert len(refs) == len(set(refs))
    assert all(PackageURL.from_string(ref).to_string() == ref for ref in refs)
    known = {*refs, "darkroom-ingestion"}
    assert all({entry["ref"], *entry["dependsOn"]} <= known for entry in content["dependencies"])


def test_it_has_the_python_packages_with_version_licence_and_requirements(content: dict[str, Any]) -> None:
    by_name = {component["name"]: component for component in content["components"]}
    assert by_name["confluent-kafka"]["version"] == version("confluent-kafka")
    assert by_name["fastapi"]["licenses"] == [{"license": {"name": "MIT"}}]
    ours = f"pkg:generic/darkroom-ingestion@{version('darkroom-ingestion')}"
    assert needs(content, ours) >= {f"pkg:pypi/{name}@{version(name)}" for name in ("fastapi", "psycopg", "alembic")}
    fastapi = needs(content, f"pkg:pypi/fastapi@{version('fastapi')}")
    assert f"pkg:pypi/starlette@{version('starlette')}" in fastapi
    assert f"pkg:pypi/uvicorn@{version('uvicorn')}" not in fastapi, "only an extra of FastAPI needs it"


def test_it_has_the_debian_packages_that_are_installed(content: dict[str, Any]) -> None:
    found = {ref for component in content["components"] if (ref := component["purl"]).startswith("pkg:deb")}
    libc = "pkg:deb/debian/libc6@1:2.36-9%2Bdeb12u13?arch=amd64&distro=debian-12&upstream=glibc"
    cpp = "pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bdeb12u1?arch=amd64&distro=debian-12&upstream=gcc-12"
    base = "pkg:deb/debian/base-files@12.4?arch=amd64&distro=debian-12"
    assert found == {libc, cpp, base}
    assert needs(content, "pkg:generic/debian@12") == found
    assert needs(content, cpp) == {libc}
    assert needs(content, base) == {libc}, "which provides libc6-2.36"


def test_it_has_the_npm_packages_of_the_console_but_not_those_that_build_it(content: dict[str, Any]) -> None:
    found = {component["name"]: component for component in content["components"]}
    lock = json.loads((ROOT / "console/package.json").read_text(encoding="utf-8"))
    assert set(lock["dependencies"]) <= set(found)
    assert not set(lock["devDependencies"]) & set(found)
    console = f"pkg:generic/darkroom-console@{version('darkroom-ingestion')}"
    urls = {f"pkg:npm/{name.replace('@', '%40')}@{wanted}" for name, wanted in lock["dependencies"].items()}
    assert needs(content, console) == urls
    assert re.fullmatch(r"[0-9a-f]{128}", found["react"]["hashes"][0]["content"])


def test_the_image_depends_on_its_package_the_console_python_and_the_distribution(content: dict[str, Any]) -> None:
    names = {ref.partition("/")[2].partition("@")[0] for ref in needs(content, "darkroom-ingestion")}
    assert names == {"darkroom-ingestion", "darkroom-console", "python", "debian"}


def test_an_image_without_dpkg_and_console_has_its_python_packages(tmp_path: Path) -> None:
    content = json.loads(sbom("darkroom-operator", "darkroom-operator", None, tmp_path))
    kinds = {component["purl"].partition("/")[0] for component in content["components"]}
    assert kinds == {"pkg:pypi", "pkg:generic"}
