"""Which requests are in the audit log."""

import re
from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

Action = Literal["Submit", "Read", "Redrive", "Replay", "Login", "Logout"]
Event = Action | Literal["Refused"]

_REFUSED: Final = frozenset({401, 403, 429})
_OF_PIPELINE: Final = re.compile("/v1/pipelines/([^/]+/[^/]+)(?:/(.*))?", re.DOTALL)
_WHO_AM_I: Final = ("GET", "/v1/session")
"""Every page of the console begins with it: 401 is an answer to a question, not a refusal."""
_WITHOUT_PIPELINE: Final[dict[tuple[str, str], Action]] = {
    ("POST", "/v1/session"): "Login",
    ("GET", "/v1/session/callback"): "Login",
    ("DELETE", "/v1/session"): "Logout",
}
_WITHIN: Final[list[tuple[str, re.Pattern[str], Action]]] = [
    ("POST", re.compile("images"), "Submit"),
    ("POST", re.compile("images/(?P<image>[^/]+)/analyze"), "Replay"),
    ("GET", re.compile("images/(?P<image>[^/]+)/(?:content|thumbnail)"), "Read"),
    ("GET", re.compile("dead-letters/(?P<deadLetter>[^/]+/[^/]+/[^/]+)/(?:content|thumbnail)"), "Read"),
    ("GET", re.compile("export"), "Read"),
    ("POST", re.compile("dead-letters/(?:redrive|replay|redrives)"), "Redrive"),
    ("DELETE", re.compile("dead-letters/redrives/(?P<redrive>[^/]+)"), "Redrive"),
]


class Asked(NamedTuple):
    """What a request asks for. `action` is None if it is in the audit log only when it is refused."""

    action: Action | None
    pipeline: str | None
    details: Mapping[str, str]


def asked(method: str, path: str) -> Asked | None:
    """What a request asks for; None if it is never in the audit log. `path` is without percent-encoding."""
    if (method, path) == _WHO_AM_I:
        return None
    if (match := _OF_PIPELINE.fullmatch(path)) is None:
        return Asked(_WITHOUT_PIPELINE.get((method, path)), None, {})
    for known_method, pattern, action in _WITHIN:
        if method == known_method and (within := pattern.fullmatch(match[2] or "")):
            return Asked(action, match[1], within.groupdict())
    return Asked(None, match[1], {})


def event_of(action: Action | None, status: int) -> Event | None:
    """The event of a request with this response; None if it is not in the audit log."""
    return "Refused" if status in _REFUSED else action
