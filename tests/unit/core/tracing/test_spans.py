"""Which spans there are."""

from darkroom.tracing.context import SpanContext
from darkroom.tracing.sampling import Sampler
from darkroom.tracing.spans import Tracing
from tests.support.monitoring.spans import Kept

PARENT = SpanContext("1" * 32, "2" * 16, sampled=True)


def test_a_span_without_a_parent_begins_a_trace() -> None:
    first, second = Tracing(Kept()).begin(None), Tracing(Kept()).begin(None)
    assert first.sampled
    assert first.trace_id != second.trace_id


def test_a_span_with_a_parent_continues_its_trace() -> None:
    began = Tracing(Kept()).begin_sampled(PARENT.traceparent)
    assert began is not None
    context, parent = began
    assert parent == PARENT
    assert (context.trace_id, context.sampled) == (PARENT.trace_id, True)
    assert context.span_id != PARENT.span_id


def test_a_span_that_is_not_sampled_is_none() -> None:
    unsampled = PARENT._replace(sampled=False)
    assert Tracing(Kept()).begin_sampled(unsampled.traceparent) is None
    assert Tracing(Kept(), Sampler(0.0)).begin_sampled(None) is None
    assert Tracing(Kept(), Sampler(1.0, follows_parent=False)).begin_sampled(unsampled.traceparent) is not None


def test_a_text_that_is_no_context_begins_a_trace() -> None:
    began = Tracing(Kept(), Sampler(follows_parent=False)).begin_sampled("nonsense")
    assert began is not None
    assert began[1] is None
