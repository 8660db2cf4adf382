"""`oci://` URIs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from darkroom.api.uris import uses_plain_http
from darkroom_vision.sources.failures import Refused

# Source: OCI distribution specification 1.1, "Pulling manifests".
_NAME: Final = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_URI: Final = re.compile(
    rf"oci://(?P<registry>[^/@#?]+)/(?P<repository>{_NAME}(?:/{_NAME})*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?(?:#(?P<path>.+))?"
)
_LOOPBACK: Final = re.compile(r"(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?")
_DOCKER_HUB: Final = "docker.io"


@dataclass(frozen=True)
class Reference:
    """An artifact in a registry, and a file in it.

    Attributes:
        registry: host, and port if it is not that of the scheme.
        repository: name in the registry.
        target: digest of the manifest if the URI has one, else its tag.
        path: of the file; None if the URI names none.
    """

    registry: str
    repository: str
    target: str
    path: str | None = None

    @property
    def digest(self) -> str | None:
        """The digest of the manifest, if the URI has one."""
        return self.target if ":" in self.target else None


def parse_reference(uri: str) -> Reference:
    """The reference that `oci://REGISTRY/REPOSITORY[:TAG][@DIGEST][#PATH]` names. The tag defaults to `latest`.

    Raises:
        Refused: the URI does not have this form.
    """
    found = _URI.fullmatch(uri)
    if found is None:
        raise Refused("it must have the form oci://REGISTRY/REPOSITORY:TAG@sha256:DIGEST#PATH")
    repository = found["repository"]
    if found["registry"] == _DOCKER_HUB and "/" not in repository:
        repository = f"library/{repository}"
    return Reference(found["registry"], repository, found["digest"] or found["tag"] or "latest", found["path"])


def base_url(reference: Reference, environment: Mapping[str, str]) -> str:
    """The URL of the repository in the registry's API.

    It is https, except for registries on this machine and those listed, with commas, in
    `DARKROOM_PLAIN_HTTP_REGISTRIES`.
    """
    host = "registry-1.docker.io" if reference.registry == _DOCKER_HUB else reference.registry
    scheme = "http" if uses_plain_http(host, environment) or _LOOPBACK.fullmatch(host) else "https"
    return f"{scheme}://{host}/v2/{reference.repository}"
