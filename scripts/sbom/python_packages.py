"""The Python packages of an environment, from their metadata."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import distributions

from scripts.sbom.component import Component, package_url

_NAME = re.compile(r"[A-Za-z0-9._-]+")
_EXTRA = re.compile(r"\bextra\s*==")
_LONGEST_LICENSE = 80


@dataclass(frozen=True)
class _Package:
    name: str
    version: str
    license: str
    requires: frozenset[str]

    @property
    def purl(self) -> str:
        kind = "generic" if _is_ours(self.name) else "pypi"
        return package_url(kind, _normalized(self.name), self.version)


def python_packages(folders: Sequence[str]) -> list[Component]:
    """The packages installed in `folders` of site packages. Each depends on those installed that it requires."""
    found: dict[str, _Package] = {}
    for package in _packages(folders):
        found.setdefault(_normalized(package.name), package)
    return [
        Component(
            name=package.name,
            version=package.version,
            purl=package.purl,
            license=package.license,
            needs=tuple(sorted(found[name].purl for name in package.requires & found.keys())),
        )
        for package in found.values()
    ]


def _packages(folders: Sequence[str]) -> Iterator[_Package]:
    for distribution in distributions(path=list(folders)):
        about = distribution.metadata  # reads the file anew, each time
        name, requires = about["Name"], about.get_all("Requires-Dist", ())
        fields = [about.get("License-Expression"), about.get("License")]
        classifiers = [line.rpartition(":: ")[2] for line in about.get_all("Classifier", ()) if "License ::" in line]
        licenses = [text for text in fields if text and "\n" not in text and len(text) <= _LONGEST_LICENSE]
        yield _Package(name, about["Version"], next(iter([*licenses, *classifiers]), ""), _names(name, requires))


def _names(package: str, requirements: Sequence[str]) -> frozenset[str]:
    """The names of required packages; those of extras only for our own packages, which are installed with theirs."""
    wanted = [text for text in requirements if _is_ours(package) or not _EXTRA.search(text)]
    return frozenset(_normalized(name[0]) for text in wanted if (name := _NAME.match(text)))


def _is_ours(name: str) -> bool:
    """Whether the package is Darkroom's own: those are not on PyPI, where the name is somebody else's."""
    return name == "darkroom" or name.startswith("darkroom-")


def _normalized(name: str) -> str:
    """Source: PEP 503."""
    return re.sub(r"[-_.]+", "-", name).lower()
