"""`hf://` URIs: files in repositories of the Hugging Face Hub."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

ENDPOINT: Final = "HF_ENDPOINT"
TOKEN: Final = "HF_TOKEN"  # noqa: S105 - the name of a variable
_HUB: Final = "https://huggingface.co"
_URI: Final = re.compile(r"^hf://(?P<repository>[^/@]+/[^/@]+)/(?P<path>[^@]+?)(@(?P<revision>[^@]+))?$")


@dataclass(frozen=True)
class HubFile:
    """Where a file of the Hub is.

    Attributes:
        url: its address, as https (or http, if `HF_ENDPOINT` is).
        headers: to send with the request; they may hold a token.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


def hub_file(uri: str, environment: Mapping[str, str]) -> HubFile:
    """The file that `hf://ORG/REPO/PATH[@REVISION]` names; the revision defaults to `main`.

    Args:
        uri: a branch, tag or commit as revision; slashes in it are part of it.
        environment: `HF_TOKEN` for private repositories and `HF_ENDPOINT` for a mirror, as Hugging Face's own tools
            read them.

    Raises:
        ValueError: the URI has another form.
    """
    found = _URI.match(uri)
    if found is None:
        raise ValueError("it has the form hf://ORG/REPO/PATH@REVISION")
    endpoint = environment.get(ENDPOINT) or _HUB
    revision = quote(found["revision"] or "main", safe="")
    url = f"{endpoint.rstrip('/')}/{quote(found['repository'])}/resolve/{revision}/{quote(found['path'])}"
    token = environment.get(TOKEN)
    return HubFile(url, {"Authorization": f"Bearer {token}"} if token else {})
