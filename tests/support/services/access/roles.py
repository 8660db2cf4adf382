"""What callers with the chart's roles may do: the same check for a service process and for one in a cluster."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import httpx

from tests.support.services.access.responses import seen
from tests.support.until import until

_TIMEOUT_S = 30.0
# Longer than refusals are remembered: Roles reach the API server's authorizer a moment after they are made.
_PATIENCE_S = 60.0


@dataclass(frozen=True)
class Callers:
    """Tokens of callers with one role each in the namespace of the pipeline at `path`, and of one who has none."""

    url: str
    path: str
    submitter: str
    viewer: str
    outsider: str

    def send(self, token: str, method: str, path: str, **rest: Any) -> httpx.Response:
        """The response to a request with a token."""
        headers = {"Authorization": f"Bearer {token}", **rest.pop("headers", {})}
        return httpx.request(method, self.url + path, headers=headers, timeout=_TIMEOUT_S, **rest)

    def post(self, token: str, image: bytes, path: str | None = None) -> httpx.Response:
        """The response to an image."""
        headers = {"Content-Type": "image/jpeg"}
        return self.send(token, "POST", f"{path or self.path}/images", content=image, headers=headers)


def check_roles(callers: Callers, image: bytes) -> str:
    """A submitter sends, a viewer reads, each may not do what the other does, and an outsider learns nothing.

    Returns the id of the image that the submitter has sent.
    """
    sent = until(lambda: _success(callers.post(callers.submitter, image)), "the submitter may send", _PATIENCE_S)
    of_image = f"{callers.path}/images/{sent.json()['id']}"
    read = until(lambda: _success(callers.send(callers.viewer, "GET", of_image)), "the viewer may read", _PATIENCE_S)
    assert read.json()["id"] == sent.json()["id"]
    content = callers.send(callers.viewer, "GET", f"{of_image}/content")
    assert content.content == image
    assert callers.send(callers.viewer, "GET", f"{callers.path}/dead-letters").status_code == 200

    redrive = {"json": {"stage": "classify", "all": True}}
    refused = [
        callers.post(callers.viewer, image),
        callers.send(callers.viewer, "POST", f"{callers.path}/dead-letters/redrive", **redrive),
        callers.send(callers.submitter, "GET", of_image),
        callers.send(callers.submitter, "GET", f"{of_image}/content"),
        callers.send(callers.submitter, "GET", f"{callers.path}/dead-letters"),
        callers.send(callers.submitter, "POST", f"{callers.path}/dead-letters/redrive", **redrive),
    ]
    assert [answer.status_code for answer in refused] == [403] * len(refused)
    _check_outsider(callers, of_image, image)
    return str(sent.json()["id"])


def _check_outsider(callers: Callers, of_image: str, image: bytes) -> None:
    """The same refusals, byte for byte, for what exists and for what does not."""
    namespace, name = callers.path.split("/")[-2:]
    missing = callers.path.removesuffix(name) + "x" * len(name)
    for path in ("", "/images", "/events", of_image.removeprefix(callers.path)):
        answers = [callers.send(callers.outsider, "GET", at + path) for at in (callers.path, missing)]
        assert answers[0].status_code == 403
        assert seen(answers[0], {"name": name}) == seen(answers[1], {"name": "x" * len(name)})
    posted = [callers.post(callers.outsider, image, at) for at in (callers.path, missing)]
    assert posted[0].status_code == 403
    assert seen(posted[0], {"name": name}) == seen(posted[1], {"name": "x" * len(name)})
    listed = callers.send(callers.outsider, "GET", "/v1/pipelines")
    assert listed.json() == {"pipelines": [], "unserved": []}
    assert namespace not in callers.send(callers.outsider, "GET", "/asyncapi.json").text


def _success(answer: httpx.Response) -> httpx.Response | None:
    return answer if answer.is_success else None


def audited(lines: Iterable[str]) -> set[tuple[str, str, str]]:
    """The events of an audit log, in the log of a service: (event, caller, pipeline)."""
    found = set()
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and entry.get("logger") == "audit":
            found.add((entry["event"], entry["caller"], entry.get("pipeline", "")))
    return found
