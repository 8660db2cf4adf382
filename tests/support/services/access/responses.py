"""What a client learns from a response."""

import re
from collections.abc import Mapping

import httpx

_VARYING = {"date", "x-request-id"}


def seen(answer: httpx.Response, ids: Mapping[str, str]) -> tuple[int, list[tuple[str, str]], str]:
    """All that a client learns from a response: its status, headers and body. Ids that it has sent are replaced."""
    headers = sorted((name, _without(ids, value)) for name, value in answer.headers.items() if name not in _VARYING)
    return answer.status_code, headers, _without(ids, answer.text)


def _without(ids: Mapping[str, str], text: str) -> str:
    for name, value in ids.items():
        text = re.sub(rf"(?<![0-9a-z-]){re.escape(value)}(?![0-9a-z-])", f"<{name}>", text)
    return text
