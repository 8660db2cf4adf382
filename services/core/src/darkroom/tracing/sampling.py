"""Which traces are recorded: the samplers that OpenTelemetry's environment variables name.

OpenTelemetry's SDK decides only when it creates a span, which takes longer than all other work on an image that is not
sampled may take.
"""

import random
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import structlog

from darkroom.tracing.context import Begun, SpanContext

SAMPLER: Final = "OTEL_TRACES_SAMPLER"
ARGUMENT: Final = "OTEL_TRACES_SAMPLER_ARG"

_BASES: Final[Mapping[str, float | None]] = {"always_on": 1.0, "always_off": 0.0, "traceidratio": None}
_PARENT_BASED: Final = "parentbased_"
_BITS: Final = 64
_RANDOM: Final = 2.0**_BITS
"""The number of values of the half of a trace id that decides."""
_BYTES_OF_IDS: Final = 16 + 8
_IDS: Final = struct.Struct("16s16s16s")
"""The digits of the halves of a trace id, of which the second decides, and of a span id."""
_ABOVE_ALL: Final = b"g"
"""After all hexadecimal digits."""

log = structlog.get_logger("darkroom.tracing")


@dataclass(frozen=True)
class Sampler:
    """Decides by the parent's flag, if it has a parent and `follows_parent`; else by `ratio` and the trace id."""

    ratio: float = 1.0
    follows_parent: bool = True

    def samples(self, parent: SpanContext | None, trace_id: str) -> bool:
        """Whether to record a span of the trace. As in other languages, the same ids are sampled everywhere."""
        if parent is not None and self.follows_parent:
            return parent.sampled
        return int(trace_id[16:], 16) < self._limit

    def sampled_trace_id(self) -> str | None:
        """The id of a new trace if it is to be recorded, else None. Cheaper than to ask for an id that is not used."""
        decisive = random.getrandbits(_BITS)
        return f"{random.getrandbits(_BITS):016x}{decisive:016x}" if decisive < self._limit else None

    def new_traces(self, count: int) -> list[Begun | bytes]:
        """New traces: their first spans. Of a trace that is not to be recorded, the `traceparent` that says so.

        Many at a time, because that takes a third of the instructions and has its code in the caches.
        """
        digits = random.randbytes(count * _BYTES_OF_IDS).hex().encode()
        limit = b"%016x" % self._limit if self._limit < _RANDOM else _ABOVE_ALL
        return [
            Begun(SpanContext((high + low).decode(), span_id.decode(), sampled=True), None)
            if low < limit
            else b"00-%b%b-%b-00" % (high, low, span_id)
            for high, low, span_id in _IDS.iter_unpack(digits)
        ]

    @cached_property
    def _limit(self) -> int:
        return round(self.ratio * _RANDOM)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Sampler":
        """The sampler that the environment names; that of the default, `parentbased_always_on`, if it is unknown.

        Source: OpenTelemetry, SDK environment variables. Values that are not valid are reported and ignored.
        """
        name = environment.get(SAMPLER) or "parentbased_always_on"
        base = name.removeprefix(_PARENT_BASED)
        if base not in _BASES:
            log.warning("unknown sampler, every trace is sampled", variable=SAMPLER, value=name)
            return cls()
        fixed = _BASES[base]
        ratio = _ratio(environment.get(ARGUMENT, "")) if fixed is None else fixed
        return cls(ratio, follows_parent=name.startswith(_PARENT_BASED))


def _ratio(text: str) -> float:
    try:
        ratio = float(text or 1.0)
    except ValueError:
        ratio = -1.0
    if not 0.0 <= ratio <= 1.0:
        log.warning("no number from 0 to 1, every trace is sampled", variable=ARGUMENT, value=text)
        return 1.0
    return ratio
