"""Answering the challenge of a registry: basic authentication, or a token of the registry's token service.

Source: the token and OAuth2 documents of the distribution project (distribution.github.io/distribution/spec/auth).
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from yarl import URL

from darkroom_vision.sources.download import check_status, read_document
from darkroom_vision.sources.failures import NotFound, Refused
from darkroom_vision.sources.http_client import HttpClient
from darkroom_vision.sources.oci.credentials import DOCKER_CONFIGS, PASSWORD, USERNAME, Credentials

ADVICE: Final = (
    f"give a Secret with {USERNAME} and {PASSWORD}, or with {DOCKER_CONFIGS[1]}, in model.secret; "
    "its user needs read access"
)

_CHALLENGE: Final = re.compile(r"^(Bearer|Basic)\b(.*)$", re.IGNORECASE | re.DOTALL)
_PARAMETER: Final = re.compile(r'(\w+)="([^"]*)"')
_MAX_BYTES: Final = 1 << 20


@dataclass(frozen=True)
class Challenge:
    """A WWW-Authenticate header: its scheme in lower case, and its parameters."""

    scheme: str
    parameters: Mapping[str, str]


def challenges(headers: Sequence[str]) -> list[Challenge]:
    """The challenges of WWW-Authenticate headers that can be answered."""
    found = [_CHALLENGE.match(header.strip()) for header in headers]
    return [Challenge(match[1].lower(), dict(_PARAMETER.findall(match[2]))) for match in found if match]


async def authorization(
    client: HttpClient, headers: Sequence[str], repository: str, credentials: Credentials | None
) -> str:
    """The value of the Authorization header that a registry has asked for.

    Args:
        client: of the registry.
        headers: the registry's WWW-Authenticate headers.
        repository: to read.
        credentials: None to get an anonymous token.

    Raises:
        Refused: the registry or its token service does not accept the credentials, or asks for an unknown kind.
        Busy: the token service can't answer now.
    """
    asked = challenges(headers)
    for challenge in asked:
        if challenge.scheme == "bearer":
            return f"Bearer {await _token(client, challenge.parameters, repository, credentials)}"
    if asked and credentials is not None and not credentials.identity_token:
        return credentials.basic
    if asked:
        raise Refused(f"the registry asks for a user name and a password: {ADVICE}")
    raise Refused(f"the registry asks for an unknown kind of authentication: {', '.join(headers) or 'none'}")


async def _token(
    client: HttpClient, parameters: Mapping[str, str], repository: str, credentials: Credentials | None
) -> str:
    try:
        realm = URL(parameters["realm"])
    except (KeyError, ValueError) as error:
        raise Refused("the registry names no token service") from error
    asked = {"scope": parameters.get("scope") or f"repository:{repository}:pull"}
    if service := parameters.get("service"):
        asked["service"] = service
    form, headers = None, {}
    if credentials is not None and credentials.identity_token:
        form = {
            **asked,
            "grant_type": "refresh_token",
            "client_id": "darkroom",
            "refresh_token": credentials.identity_token,
        }
    else:
        realm = realm.update_query(asked)
        headers = {} if credentials is None else {"Authorization": credentials.basic}
    relation = "the registry's token service is at"
    async with client.open(realm, headers, form=form, relation=relation) as response:
        if response.status == HTTPStatus.BAD_REQUEST:
            raise Refused(f"the registry's token service refuses the credentials: {ADVICE}")
        try:
            check_status(response, ADVICE)
        except NotFound:
            raise Refused(f"the registry's token service is not at {realm.with_query(None)}") from None
        content = await read_document(response, _MAX_BYTES)
    try:
        document = json.loads(content)
        return str(document.get("token") or document["access_token"])
    except (ValueError, KeyError, AttributeError) as error:
        raise Refused("the registry's token service sent no token") from error
