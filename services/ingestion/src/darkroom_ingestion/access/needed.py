"""The rights that each operation of the HTTP API needs."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from darkroom.access.right import Right

_READ, _SUBMIT = (Right.READ,), (Right.SUBMIT,)
_READ_DEAD_LETTERS, _REDRIVE = (Right.READ_DEAD_LETTERS,), (Right.REDRIVE,)


@dataclass(frozen=True)
class Public:
    """Anybody may send the request."""


@dataclass(frozen=True)
class SignedIn:
    """Every caller may send the request. Its response has only what the caller may read."""


class Needed(NamedTuple):
    """The caller needs all these rights to a pipeline."""

    rights: tuple[Right, ...]
    namespace: str
    name: str


PUBLIC: Final = Public()
SIGNED_IN: Final = SignedIn()

_WITHOUT_PIPELINE: Final[dict[tuple[str, str], Public | SignedIn]] = {
    ("GET", "/healthz"): PUBLIC,
    ("GET", "/readyz"): PUBLIC,
    ("GET", "/"): PUBLIC,
    ("GET", "/v1/session"): PUBLIC,
    ("POST", "/v1/session"): PUBLIC,
    ("DELETE", "/v1/session"): PUBLIC,
    ("GET", "/v1/session/login"): PUBLIC,
    ("GET", "/v1/session/callback"): PUBLIC,
    ("GET", "/docs"): SIGNED_IN,
    ("GET", "/docs/style.css"): SIGNED_IN,
    ("GET", "/openapi.json"): SIGNED_IN,
    ("GET", "/asyncapi.json"): SIGNED_IN,
    ("GET", "/v1/schemas"): SIGNED_IN,
    ("GET", "/v1/pipelines"): SIGNED_IN,
    ("GET", "/v1/live"): SIGNED_IN,
}
_PUBLIC_FOLDERS: Final = ("/p/", "/assets/")
"""The pages of the web console, and its scripts and pictures."""

_PIPELINE: Final = "/v1/pipelines/"
_OF_PIPELINE: Final[dict[tuple[str, str], tuple[Right, ...]]] = {
    ("GET", ""): _READ,
    ("GET", "status"): _READ,
    ("GET", "counts"): _READ,
    ("GET", "results"): _READ,
    ("GET", "events"): _READ,
    ("GET", "export"): _READ,
    ("GET", "images"): _READ,
    ("POST", "images"): _SUBMIT,
    ("GET", "images/*"): _READ,
    ("GET", "images/*/trace"): _READ,
    ("GET", "images/*/content"): _READ,
    ("GET", "images/*/thumbnail"): _READ,
    ("POST", "images/*/analyze"): (Right.SUBMIT, Right.READ),
    ("GET", "dead-letters"): _READ_DEAD_LETTERS,
    ("GET", "dead-letters/*/*/*/content"): _READ_DEAD_LETTERS,
    ("GET", "dead-letters/*/*/*/thumbnail"): _READ_DEAD_LETTERS,
    ("POST", "dead-letters/redrive"): _REDRIVE,
    ("POST", "dead-letters/replay"): _REDRIVE,
    ("GET", "dead-letters/redrives"): _READ_DEAD_LETTERS,
    ("POST", "dead-letters/redrives"): _REDRIVE,
    ("GET", "dead-letters/redrives/*"): _READ_DEAD_LETTERS,
    ("DELETE", "dead-letters/redrives/*"): _REDRIVE,
}
"""By the path within the pipeline. `*` stands for one segment."""
_PATTERNS: Final = [
    (method, template.split("/"), rights) for (method, template), rights in _OF_PIPELINE.items() if "*" in template
]
_GOES_ON: Final = ("/v1/live", "/events", "/export")
"""Ends of the paths of responses that may go on after their caller has lost the right to read."""


def goes_on(method: str, path: str) -> bool:
    """Whether the response to a request may go on for long."""
    return method == "GET" and path.endswith(_GOES_ON)


def needed(method: str, path: str) -> Public | SignedIn | Needed | None:
    """What a request needs. None: no caller may send it.

    Args:
        method: the HTTP method. HEAD needs the same as GET.
        path: the path, without percent-encoding.
    """
    method = "GET" if method == "HEAD" else method
    if not path.startswith(_PIPELINE):
        if method == "GET" and path.startswith(_PUBLIC_FOLDERS):
            return PUBLIC
        return _WITHOUT_PIPELINE.get((method, path))
    namespace, _, rest = path[len(_PIPELINE) :].partition("/")
    name, slash, within = rest.partition("/")
    if not namespace or not name or (slash and not within):
        return None
    rights = _OF_PIPELINE.get((method, within)) if "*" not in within else None
    if rights is None:
        rights = _matching(method, within.split("/"))
    return None if rights is None else Needed(rights, namespace, name)


def _matching(method: str, segments: list[str]) -> tuple[Right, ...] | None:
    for known_method, template, rights in _PATTERNS:
        if (
            known_method == method
            and len(template) == len(segments)
            and all(segment and known in {"*", segment} for known, segment in zip(template, segments, strict=True))
        ):
            return rights
    return None
