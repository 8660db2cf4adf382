"""`hf://` URIs: files in repositories of the Hugging Face Hub."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from darkroom_vision.sources.remote_file import RemoteFile

ENDPOINT: Final = "HF_ENDPOINT"
TOKEN: Final = "HF_TOKEN"  # noqa: S105 - the name of an environment variable
_HUB: Final = "https://huggingface.co"
_URI: Final = re.compile(r"^hf://(?P<repository>[^/@]+/[^/@]+)/(?P<path>[^@]+?)(@(?P<revision>[^@]+))?$")


def hub_file(uri: str, environment: Mapping[str, str]) -> RemoteFile:
    """The file that `hf://ORG/REPO/PATH[@REVISION]` names; the revision defaults to `main`.

    Args:
        uri: the URI. The revision is a branch, tag or commit, and may contain slashes.
        environment: `HF_TOKEN` for private repositories and `HF_ENDPOINT` for a mirror, as in Hugging Face's tools.

    Raises:
        ValueError: the URI does not have this form.
    """
    found = _URI.match(uri)
    if found is None:
        raise ValueError("it must have the form hf://ORG/REPO/PATH@REVISION")
    endpoint = environment.get(ENDPOINT) or _HUB
    revision = quote(found["revision"] or "main", safe="")
    url = f"{endpoint.rstrip('/')}/{quote(found['repository'])}/resolve/{revision}/{quote(found['path'])}"
    token = environment.get(TOKEN)
    advice = f"set {TOKEN} in a Secret, and name the Secret in model.secret"
    return RemoteFile(url, {"Authorization": f"Bearer {token}"} if token else {}, advice)
