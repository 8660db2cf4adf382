"""Which spans there are."""

from itertools import islice

from darkroom.tracing.context import Begun, SpanContext, read_traceparent
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
    passed_on = next(Tracing(Kept(), Sampler(0.0)).new_traces)
    assert not isinstance(passed_on, Begun)
    context = read_traceparent(passed_on.decode())
    assert context is not None
    assert not context.sampled
    unsampled = PARENT._replace(sampled=False).traceparent
    assert Tracing(Kept()).begin_or_pass_on(unsampled) == unsampled.encode()
    ignored = Tracing(Kept(), Sampler(0.0, follows_parent=False)).begin_or_pass_on(PARENT.traceparent)
    assert not isinstance(ignored, Begun)
    assert ignored.startswith(f"00-{PARENT.trace_id}-".encode())
    assert ignored.endswith(b"-00")


def test_what_is_sampled_begins_a_trace_or_continues_one() -> None:
    new = next(Tracing(Kept()).new_traces)
    continued = Tracing(Kept()).begin_or_pass_on(PARENT.traceparent)
    assert isinstance(new, Begun)
    assert isinstance(continued, Begun)
    assert (new.context.sampled, new.parent) == (True, None)
    assert (continued.context.trace_id, continued.parent) == (PARENT.trace_id, PARENT)


def test_new_traces_do_not_end_and_have_ids_of_their_own() -> None:
    new = list(islice(Tracing(Kept(), Sampler(0.0)).new_traces, 1_000))
    assert len(set(new)) == 1_000
