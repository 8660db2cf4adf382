"""A component of an SBOM."""

from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote


@dataclass(frozen=True)
class Component:
    """One package, with what an SBOM says of it.

    Attributes:
        purl: The package URL, which also identifies it in the document.
        license: An SPDX expression, or the name of a licence as the package writes it.
        needs: Package URLs of the components that it depends on.
        sha512: Of the package's archive, in hexadecimal.
    """

    name: str
    version: str
    purl: str
    license: str = ""
    needs: tuple[str, ...] = ()
    sha512: str = ""
    type: Literal["application", "library", "operating-system"] = "library"

    @property
    def as_json(self) -> dict[str, Any]:
        """The component in CycloneDX 1.6."""
        fields: dict[str, Any] = {
            "type": self.type,
            "bom-ref": self.purl,
            "name": self.name,
            "version": self.version,
            "purl": self.purl,
        }
        if self.license:
            fields["licenses"] = [{"license": {"name": self.license}}]
        if self.sha512:
            fields["hashes"] = [{"alg": "SHA-512", "content": self.sha512}]
        return fields


def package_url(kind: str, name: str, version: str, **qualifiers: str) -> str:
    """A package URL; `name` may have a namespace before a slash.

    Source: the Package-URL specification. Everything is percent-encoded but colons, and qualifiers are sorted.
    """
    path = "/".join(_encoded(part) for part in name.split("/"))
    query = "&".join(f"{key}={_encoded(value)}" for key, value in sorted(qualifiers.items()) if value)
    return f"pkg:{kind}/{path}@{_encoded(version)}{'?' if query else ''}{query}"


def _encoded(text: str) -> str:
    return quote(text, safe=":")
