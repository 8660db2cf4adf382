"""Credentials for a registry, from environment variables or Docker's configuration file."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from darkroom_vision.sources.failures import Refused

USERNAME: Final = "OCI_USERNAME"
PASSWORD: Final = "OCI_PASSWORD"  # noqa: S105 - the name of an environment variable
DOCKER_CONFIGS: Final = (".dockerconfigjson", "DOCKER_AUTH_CONFIG")
"""Variables with the content of a Docker configuration: the key of a Secret of the type
kubernetes.io/dockerconfigjson, and the name that GitLab's runners use."""

_DOCKER_HUB: Final = "index.docker.io"


@dataclass(frozen=True, repr=False)
class Credentials:
    """A user name and password or, if `identity_token` is set, an OAuth refresh token."""

    username: str
    password: str
    identity_token: str = ""

    @property
    def basic(self) -> str:
        """The value of an Authorization header."""
        return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()


def credentials_for(registry: str, environment: Mapping[str, str]) -> Credentials | None:
    """The credentials for `registry`; None to use it anonymously.

    The first of: `OCI_USERNAME` and `OCI_PASSWORD`; a Docker configuration in a variable of DOCKER_CONFIGS; the file
    that `docker login` and `oras login` write, without credential helpers.

    Raises:
        Refused: a Docker configuration can't be read.
    """
    username, password = environment.get(USERNAME), environment.get(PASSWORD)
    if username and password:
        return Credentials(username, password)
    for variable in DOCKER_CONFIGS:
        if content := environment.get(variable):
            return _in_docker_config(content, registry, variable)
    home = environment.get("DOCKER_CONFIG") or Path(environment.get("HOME") or "/nonexistent") / ".docker"
    file = Path(home) / "config.json"
    try:
        content = file.read_text(encoding="utf-8")
    except OSError:
        return None
    return _in_docker_config(content, registry, str(file))


def _in_docker_config(content: str, registry: str, source: str) -> Credentials | None:
    try:
        entries = json.loads(content).get("auths") or {}
        found = {_host(key): entry for key, entry in entries.items()}.get(
            _DOCKER_HUB if registry == "docker.io" else registry
        )
        return _credentials(found) if found else None
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        # The message of the parser may have a part of the secret.
        raise Refused(f"{source} is not a Docker configuration with auths ({type(error).__name__})") from None


def _credentials(entry: Mapping[str, Any]) -> Credentials | None:
    username, password = str(entry.get("username") or ""), str(entry.get("password") or "")
    if auth := entry.get("auth"):
        username, _, password = base64.b64decode(auth, validate=True).decode().partition(":")
    token = str(entry.get("identitytoken") or "")
    return Credentials(username, password, token) if token or (username and password) else None


def _host(key: str) -> str:
    """The registry of a key, which may be a URL such as https://index.docker.io/v1/."""
    return urlsplit(key).netloc if "://" in key else key.partition("/")[0]
