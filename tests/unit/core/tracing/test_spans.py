"""Which spans there are."""

from darkroom.tracing.context import SpanContext, read_traceparent
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


def test_what_is_not_sampled_passes_on_that_it_is_not() -> None:
    passed_on = Tracing(Kept(), Sampler(0.0)).begin_or_pass_on(None)
    assert isinstance(passed_on, str)
    context = read_traceparent(passed_on)
    assert context is not None
    assert not context.sampled
    unsampled = PARENT._replace(sampled=False).traceparent
    assert Tracing(Kept()).begin_or_pass_on(unsampled) == unsampled
    ignored = Tracing(Kept(), Sampler(0.0, follows_parent=False)).begin_or_pass_on(PARENT.traceparent)
    assert isinstance(ignored, str)
    assert ignored.startswith(f"00-{PARENT.trace_id}-")
    assert ignored.endswith("-00")


def test_what_is_sampled_begins_a_trace_or_continues_one() -> None:
    new = Tracing(Kept()).begin_or_pass_on(None)
    continued = Tracing(Kept()).begin_or_pass_on(PARENT.traceparent)
    assert not isinstance(new, str)
    assert not isinstance(continued, str)
    assert (new[0].sampled, new[1]) == (True, None)
    assert (continued[0].trace_id, continued[1]) == (PARENT.trace_id, PARENT)


def test_no_two_traces_begin_with_the_same_ids() -> None:
    tracing = Tracing(Kept(), Sampler(0.5))
    began = [tracing.begin_or_pass_on(None) for _ in range(1_000)]
    ids = {new.split("-")[1] if isinstance(new, str) else new[0].trace_id for new in began}
    assert len(ids) == 1_000
