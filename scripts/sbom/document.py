"""The SBOM of a container image, in CycloneDX 1.6. The same components give the same bytes."""

import json
import uuid
from collections.abc import Sequence
from typing import Any

from scripts.sbom.component import Component


def document(image: str, version: str, components: Sequence[Component], top: Sequence[str]) -> str:
    """The SBOM of `image`, which depends on the components with the package URLs in `top`."""
    described: dict[str, Any] = {
        "components": [component.as_json for component in _sorted(components)],
        "dependencies": [
            {"ref": image, "dependsOn": sorted(top)},
            *({"ref": one.purl, "dependsOn": list(one.needs)} for one in _sorted(components)),
        ],
        "metadata": {
            "component": {"type": "container", "bom-ref": image, "name": image, "version": version},
            "lifecycles": [{"phase": "build"}],
        },
    }
    content = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(described, sort_keys=True))
    head = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{content}",
        "version": 1,
    }
    return f"{json.dumps({**head, **described}, indent=1)}\n"


def _sorted(components: Sequence[Component]) -> list[Component]:
    """By package URL, and only one of equals: npm may install the same version at several places."""
    by_purl = {component.purl: component for component in components}
    return [by_purl[purl] for purl in sorted(by_purl)]
