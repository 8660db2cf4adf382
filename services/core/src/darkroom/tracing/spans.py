"""Spans, and what creates them: work that has ended is recorded with its start and its end."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, Protocol

from darkroom.tracing.context import SpanContext, new_span_id, new_trace_id, read_traceparent, says_sampled
from darkroom.tracing.sampling import Sampler

Kind = Literal["Internal", "Server", "Producer", "Consumer"]
Attributes = Mapping[str, str | int | float | bool]
Begun = tuple[SpanContext, SpanContext | None]
"""The context of a new span that is to be recorded, and its parent's."""

_DRAWN: Final = 256


class Span(NamedTuple):
    """Work that has ended.

    Attributes:
        start_ns, end_ns: nanoseconds since the epoch, as `time.time_ns()` gives them.
        links: spans that this one is caused by, in addition to its parent.
        error: why the work failed; empty if it did not.
    """

    name: str
    kind: Kind
    context: SpanContext
    parent: SpanContext | None
    start_ns: int
    end_ns: int
    attributes: Attributes
    links: tuple[SpanContext, ...] = ()
    error: str = ""


class Recorder(Protocol):
    """Takes spans. Does not block."""

    def record(self, span: Span) -> None:
        """Take a span. If there is no room for it, a span is dropped."""

    def close(self, timeout_s: float) -> None:
        """Export what is left, for at most `timeout_s`."""


@dataclass(frozen=True)
class Tracing:
    """Decides which spans there are, and records them."""

    recorder: Recorder
    sampler: Sampler = field(default_factory=Sampler)
    _new: list[SpanContext | str] = field(default_factory=list, init=False, repr=False, compare=False)
    """The next traces that `begin_or_pass_on` begins."""

    def begin(self, parent: SpanContext | None) -> SpanContext:
        """The context of a new span, which may be one that is not to be recorded."""
        trace_id = new_trace_id() if parent is None else parent.trace_id
        return SpanContext(trace_id, new_span_id(), self.sampler.samples(parent, trace_id))

    def begin_sampled(self, traceparent: str | None) -> Begun | None:
        """The context of a new span and its parent's; None if the span is not to be recorded. For frequent work."""
        if traceparent is None:
            trace_id = self.sampler.sampled_trace_id()
            return None if trace_id is None else (SpanContext(trace_id, new_span_id(), sampled=True), None)
        if self.sampler.follows_parent and not says_sampled(traceparent):
            return None
        parent = read_traceparent(traceparent)
        context = self.begin(parent)
        return (context, parent) if context.sampled else None

    def begin_or_pass_on(self, traceparent: str | None) -> Begun | str:
        """As `begin_sampled`, for what begins traces. If the span is not to be recorded, the `traceparent` to pass on.

        That says that the trace is not recorded: otherwise those that continue it would decide again. For one thread.
        """
        if traceparent is None:
            if not self._new:
                self._new.extend(self.sampler.new_traces(_DRAWN))
            new = self._new.pop()
            return new if isinstance(new, str) else (new, None)
        parent = read_traceparent(traceparent)
        context = self.begin(parent)
        if context.sampled:
            return context, parent
        return traceparent if parent is not None and not parent.sampled else context.traceparent

    def record(self, span: Span) -> None:
        """Record a span whose context is sampled."""
        self.recorder.record(span)

    def close(self, timeout_s: float) -> None:
        """Export what is left, for at most `timeout_s`."""
        self.recorder.close(timeout_s)
