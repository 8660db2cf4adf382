"""Spans, and what creates them: work that has ended is recorded with its start and its end."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import Final, Literal, NamedTuple, Protocol

from darkroom.tracing.context import (
    Begun,
    SpanContext,
    new_span_id,
    new_trace_id,
    read_traceparent,
    says_sampled,
)
from darkroom.tracing.sampling import Sampler

Kind = Literal["Internal", "Server", "Producer", "Consumer"]
Attributes = Mapping[str, str | int | float | bool]
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
    """Decides which spans there are, and records them.

    Attributes:
        new_traces: traces that begin here: spans without a parent as `begin_or_pass_on` returns them, without end. An
            iterator, because most requests begin a trace that is not recorded: the next one takes no Python code.
    """

    recorder: Recorder
    sampler: Sampler = field(default_factory=Sampler)
    new_traces: Iterator[Begun | bytes] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Begin the traces."""
        new_traces = chain.from_iterable(iter(partial(self.sampler.new_traces, _DRAWN), []))
        object.__setattr__(self, "new_traces", new_traces)

    def begin(self, parent: SpanContext | None) -> SpanContext:
        """The context of a new span, which may be one that is not to be recorded."""
        trace_id = new_trace_id() if parent is None else parent.trace_id
        return SpanContext(trace_id, new_span_id(), self.sampler.samples(parent, trace_id))

    def begin_sampled(self, traceparent: str | None) -> Begun | None:
        """The context of a new span and its parent's; None if the span is not to be recorded. For frequent work."""
        if traceparent is None:
            trace_id = self.sampler.sampled_trace_id()
            return None if trace_id is None else Begun(SpanContext(trace_id, new_span_id(), sampled=True), None)
        if self.sampler.follows_parent and not says_sampled(traceparent):
            return None
        parent = read_traceparent(traceparent)
        context = self.begin(parent)
        return Begun(context, parent) if context.sampled else None

    def begin_or_pass_on(self, traceparent: str) -> Begun | bytes:
        """As `begin_sampled`, for a client's `traceparent`. If the span is not to be recorded, the one to pass on.

        That says that the trace is not recorded: otherwise those that continue it would decide again.
        """
        parent = read_traceparent(traceparent)
        context = self.begin(parent)
        if context.sampled:
            return Begun(context, parent)
        passed_on = traceparent if parent is not None and not parent.sampled else context.traceparent
        return passed_on.encode()

    def record(self, span: Span) -> None:
        """Record a span whose context is sampled."""
        self.recorder.record(span)

    def close(self, timeout_s: float) -> None:
        """Export what is left, for at most `timeout_s`."""
        self.recorder.close(timeout_s)
