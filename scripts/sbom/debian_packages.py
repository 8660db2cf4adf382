"""The Debian packages of a root file system, from dpkg's status file."""

import re
from collections.abc import Iterator
from pathlib import Path

from scripts.sbom.component import Component, package_url

_INSTALLED = "install ok installed"


def operating_system(root: Path) -> list[Component]:
    """The distribution, which depends on all its packages, and the packages. Empty for a root without dpkg."""
    status = root / "var/lib/dpkg/status"
    if not status.exists():
        return []
    release = dict(_variables((root / "etc/os-release").read_text(encoding="utf-8")))
    distribution, version = release["ID"], release["VERSION_ID"]
    packages = list(_packages(status.read_text(encoding="utf-8"), distribution, version))
    system = Component(
        name=distribution,
        version=version,
        purl=package_url("generic", distribution, version),
        needs=tuple(sorted(package.purl for package in packages)),
        type="operating-system",
    )
    return [system, *packages]


def _packages(status: str, distribution: str, release: str) -> Iterator[Component]:
    found = [fields for fields in map(_fields, status.split("\n\n")) if fields.get("Status") == _INSTALLED]
    urls = {fields["Package"]: _url(fields, distribution, release) for fields in found}
    provided = {name: urls[fields["Package"]] for fields in found for name in _names(fields.get("Provides", ""))}
    for fields in sorted(found, key=lambda package: package["Package"]):
        wanted = _names(f"{fields.get('Pre-Depends', '')}, {fields.get('Depends', '')}")
        needs = {urls.get(name) or provided.get(name) for name in wanted}
        yield Component(
            name=fields["Package"],
            version=fields["Version"],
            purl=urls[fields["Package"]],
            needs=tuple(sorted(need for need in needs if need and need != urls[fields["Package"]])),
        )


def _url(fields: dict[str, str], distribution: str, release: str) -> str:
    """The package URL. `upstream` is the source package, by which Debian's security tracker names vulnerabilities."""
    return package_url(
        "deb",
        f"{distribution}/{fields['Package']}",
        fields["Version"],
        arch=fields["Architecture"],
        distro=f"{distribution}-{release}",
        upstream=fields.get("Source", "").partition(" ")[0],
    )


def _names(relations: str) -> list[str]:
    """The packages in a field such as `libc6 (>= 2.36), debconf | debconf-2.0, perl:any`, alternatives included."""
    return [name for clause in re.split(r"[,|]", relations) if (name := re.split(r"[\s(:]", clause.strip())[0])]


def _fields(paragraph: str) -> dict[str, str]:
    lines = (line.partition(": ") for line in paragraph.splitlines() if not line.startswith(" "))
    return {name: value for name, _, value in lines}


def _variables(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        name, separator, value = line.partition("=")
        if separator:
            yield name, value.strip("\"'")
