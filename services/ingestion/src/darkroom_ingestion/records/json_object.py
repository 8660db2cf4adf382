"""JSON objects of the log, normalised for the store and for clients: plain UTF-8, finite numbers."""

import json
import re
from dataclasses import dataclass
from typing import Any

# A number that may be beyond the range of a double: Python would read it as infinity, which is not valid JSON.
_LARGE_EXPONENT = re.compile(r"[eE]\+?\d{3}")


@dataclass(frozen=True)
class JsonObject:
    """A JSON object and its text."""

    data: dict[str, Any]
    text: str


def read_json(value: bytes) -> JsonObject | None:
    """The object in `value`; None if it is not a JSON object, or has numbers beyond the range of a double.

    JSON is UTF-8 without a byte order mark (RFC 8259, section 8.1). Other encodings are converted.
    """
    try:
        encoding = json.detect_encoding(value)
        text = value.decode(encoding)
        parse_float = _finite if _LARGE_EXPONENT.search(text) else None
        data = json.loads(text, parse_constant=_refuse, parse_float=parse_float)
        if not isinstance(data, dict):
            return None
        return JsonObject(data, text if encoding == "utf-8" else json.dumps(data))
    except (ValueError, RecursionError):
        return None


def _finite(text: str) -> float:
    number = float(text)
    if number in {float("inf"), float("-inf")}:
        raise ValueError(f"{text} exceeds the range of a double")
    return number


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
