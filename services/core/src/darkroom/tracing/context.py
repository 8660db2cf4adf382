"""The context of a span, and its text form in `traceparent`.

Source: W3C Trace Context, section 3.2.
"""

import random
import re
from typing import Final, NamedTuple

TRACEPARENT: Final = "traceparent"

_FORM: Final = re.compile(
    "(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]([0-9a-f])(?:-.*)?"
)
_ODD: Final = frozenset("13579bdf")
_FLAG_AT: Final = 54


class SpanContext(NamedTuple):
    """The ids of a span as hexadecimal text, and whether its trace is recorded."""

    trace_id: str
    span_id: str
    sampled: bool

    @property
    def traceparent(self) -> str:
        """The text form."""
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"

    def child(self) -> "SpanContext":
        """The context of a new span in the same trace."""
        return SpanContext(self.trace_id, new_span_id(), self.sampled)


class Begun(NamedTuple):
    """The context of a new span that is to be recorded, and its parent's."""

    context: SpanContext
    parent: SpanContext | None


def read_traceparent(text: str) -> SpanContext | None:
    """The context that `text` names; None if it is not valid."""
    found = _FORM.fullmatch(text)
    return None if found is None else SpanContext(found[1], found[2], found[3] in _ODD)


def says_sampled(traceparent: str) -> bool:
    """Whether the flag `sampled` is set. Cheaper than reading the whole text, which may be invalid."""
    return len(traceparent) > _FLAG_AT and traceparent[_FLAG_AT] in _ODD


def new_trace_id() -> str:
    """A random trace id."""
    return f"{random.getrandbits(128) or 1:032x}"


def new_span_id() -> str:
    """A random span id."""
    return f"{random.getrandbits(64) or 1:016x}"
