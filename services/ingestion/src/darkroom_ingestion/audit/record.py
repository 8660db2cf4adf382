"""A line of the audit log."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, NamedTuple

from darkroom_ingestion.audit.actions import Action, Event

_MOST_BYTES: Final = 512
"""Of one value in JSON: a line is shorter than PIPE_BUF, so that lines of several processes do not mix in a pipe."""
_LONGEST_ESCAPE: Final = 6
_SURELY_SHORT: Final = _MOST_BYTES // (2 * _LONGEST_ESCAPE) - 2
"""So many characters fit, even if each takes two escapes: most values need not be encoded to find their length."""


class AuditRecord(NamedTuple):
    """What happened.

    Attributes:
        at_s: when, in seconds since 1970.
        action: what was asked for, if it was refused.
        caller: the caller's name.
        method: how the caller has proved its name.
        details: what the event is about, such as `image` or `count`.
        request: method and path of a refused request.
    """

    at_s: float
    event: Event
    action: Action | None
    caller: str
    method: str
    address: str
    pipeline: str | None
    details: Mapping[str, str | int]
    status: int
    request_id: str
    request: str | None = None

    def line(self) -> str:
        """The line: a JSON object in ASCII, with its line end. It has the keys of the service's other log lines."""
        refused = {"action": self.action, "request": self.request} if self.event == "Refused" else {}
        values: dict[str, str | int | None] = {
            "timestamp": datetime.fromtimestamp(self.at_s, UTC).isoformat(timespec="microseconds")[:-6] + "Z",
            "level": "info",
            "logger": "audit",
            "event": self.event,
            **refused,
            "caller": self.caller,
            "method": self.method,
            "address": self.address,
            "pipeline": self.pipeline,
            **self.details,
            "status": self.status,
            "request_id": self.request_id,
        }
        # ASCII only: no character of a name or path can end the line or reach a terminal.
        return json.dumps({key: _short(value) for key, value in values.items() if value is not None}) + "\n"


def _short(value: str | int) -> str | int:
    if isinstance(value, str) and len(value) > _SURELY_SHORT and len(json.dumps(value)) > _MOST_BYTES:
        return value[: _MOST_BYTES // _LONGEST_ESCAPE] + "..."
    return value
