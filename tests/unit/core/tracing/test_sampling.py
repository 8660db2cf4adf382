"""Which traces are recorded."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from opentelemetry.sdk.trace.sampling import Decision, TraceIdRatioBased

from darkroom.tracing.context import Begun, SpanContext, read_traceparent
from darkroom.tracing.sampling import Sampler

NEVER, ALWAYS = SpanContext("1" * 32, "1" * 16, sampled=False), SpanContext("1" * 32, "1" * 16, sampled=True)


@pytest.mark.parametrize(
    ("name", "argument", "ratio", "follows_parent"),
    [
        (None, None, 1.0, True),
        ("always_on", None, 1.0, False),
        ("always_off", "1", 0.0, False),
        ("traceidratio", "0.25", 0.25, False),
        ("parentbased_always_on", None, 1.0, True),
        ("parentbased_always_off", None, 0.0, True),
        ("parentbased_traceidratio", "0.01", 0.01, True),
        ("traceidratio", None, 1.0, False),
        ("parentbased_traceidratio", "many", 1.0, True),
        ("parentbased_traceidratio", "7", 1.0, True),
        ("xray", "0.5", 1.0, True),
    ],
)
def test_it_is_the_one_that_the_environment_names(
    name: str | None, argument: str | None, ratio: float, follows_parent: bool
) -> None:
    environment = {"OTEL_TRACES_SAMPLER": name, "OTEL_TRACES_SAMPLER_ARG": argument}
    found = Sampler.from_environment({variable: value for variable, value in environment.items() if value})
    assert found == Sampler(ratio, follows_parent=follows_parent)


def test_with_a_parent_its_flag_decides_unless_it_is_not_to_be_followed() -> None:
    assert Sampler(0.0).samples(ALWAYS, ALWAYS.trace_id)
    assert not Sampler(1.0).samples(NEVER, NEVER.trace_id)
    assert Sampler(1.0, follows_parent=False).samples(NEVER, NEVER.trace_id)


@given(trace_id=st.integers(1, 2**128 - 1), ratio=st.floats(0, 1))
@example(trace_id=2**64, ratio=1e-47)
@example(trace_id=2**128 - 1, ratio=1.0)
def test_a_ratio_samples_the_same_traces_as_opentelemetry(trace_id: int, ratio: float) -> None:
    theirs = TraceIdRatioBased(ratio).should_sample(None, trace_id, "name").decision is Decision.RECORD_AND_SAMPLE
    assert Sampler(ratio).samples(None, f"{trace_id:032x}") == theirs


def test_a_new_trace_is_sampled_as_often_as_the_ratio_says() -> None:
    sampler = Sampler(0.25)
    ids = [trace_id for _ in range(10_000) if (trace_id := sampler.sampled_trace_id()) is not None]
    assert 2_000 < len(ids) < 3_000
    assert all(sampler.samples(None, trace_id) and len(trace_id) == 32 for trace_id in ids)
    assert Sampler(0.0).sampled_trace_id() is None
    assert Sampler(1.0).sampled_trace_id() is not None


def test_new_traces_have_ids_of_their_own_and_are_sampled_as_often_as_the_ratio_says() -> None:
    sampler = Sampler(0.25)
    new = sampler.new_traces(10_000)
    sampled = [trace.context for trace in new if isinstance(trace, Begun)]
    headers = [trace for trace in new if not isinstance(trace, Begun)]
    others = [context for value in headers if (context := read_traceparent(value.decode()))]
    assert 2_000 < len(sampled) < 3_000
    assert len(sampled) + len(others) == 10_000
    assert all(context.sampled and sampler.samples(None, context.trace_id) for context in sampled)
    assert not any(context.sampled or sampler.samples(None, context.trace_id) for context in others)
    assert len({id_ for context in [*sampled, *others] for id_ in (context.trace_id, context.span_id)}) == 20_000
    assert not any(isinstance(trace, Begun) for trace in Sampler(0.0).new_traces(1_000))
    assert all(isinstance(trace, Begun) for trace in Sampler(1.0).new_traces(1_000))
