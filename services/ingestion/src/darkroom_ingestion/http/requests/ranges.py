"""The Range header (RFC 9110, section 14): one range of bytes."""

import re

_ONE = re.compile(r"bytes\s*=\s*(\d{1,15})?\s*-\s*(\d{1,15})?", re.IGNORECASE | re.ASCII)


class Unsatisfiable(Exception):
    """The range is beyond the end of the body."""


def byte_range(header: str | None, size: int) -> tuple[int, int] | None:
    """The first byte and the end (exclusive) of the range to send; None for the whole body.

    None also for several ranges, other units and malformed headers, as the RFC allows.

    Raises:
        Unsatisfiable: the body has none of these bytes.
    """
    match = _ONE.fullmatch(header.strip()) if header else None
    if match is None:
        return None
    match match.groups():
        case None, None:
            return None
        case None, str(suffix):
            if int(suffix) == 0 or size == 0:
                raise Unsatisfiable
            return max(0, size - int(suffix)), size
        case str(first), last:
            if last is not None and int(last) < int(first):
                return None
            if int(first) >= size:
                raise Unsatisfiable
            return int(first), size if last is None else min(size, int(last) + 1)
    return None
