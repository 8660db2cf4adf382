"""The Prefer header (RFC 7240): how long to wait for results."""

import re

MAX_WAIT_S = 60
_WAIT = re.compile(r'\s*wait\s*=\s*"?(\d{1,9})"?\s*(?:;.*)?', re.IGNORECASE)


def wait_s(headers: list[str]) -> int | None:
    """Seconds to wait, at most `MAX_WAIT_S`; None without such a preference. Malformed preferences are ignored."""
    for header in headers:
        for preference in header.split(","):
            if match := _WAIT.fullmatch(preference):
                return min(int(match[1]), MAX_WAIT_S)
    return None
