"""Trace contexts and their text form."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.tracing.context import SpanContext, new_span_id, new_trace_id, read_traceparent, says_sampled

IDS = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def test_the_example_of_the_standard_is_read() -> None:
    text = f"00-{IDS[0]}-{IDS[1]}-01"
    assert read_traceparent(text) == SpanContext(*IDS, sampled=True)
    assert SpanContext(*IDS, sampled=True).traceparent == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "00",
        f"ff-{IDS[0]}-{IDS[1]}-01",
        f"00-{'0' * 32}-{IDS[1]}-01",
        f"00-{IDS[0]}-{'0' * 16}-01",
        f"00-{IDS[0].upper()}-{IDS[1]}-01",
        f"00-{IDS[0]}-{IDS[1]}-0",
        f"00-{IDS[0]}-{IDS[1]}-01 ",
    ],
)
def test_what_is_not_valid_has_no_context(text: str) -> None:
    assert read_traceparent(text) is None


def test_a_later_version_may_have_more_parts() -> None:
    assert read_traceparent(f"01-{IDS[0]}-{IDS[1]}-03-more") == SpanContext(*IDS, sampled=True)


@given(flags=st.integers(0, 255))
def test_the_quick_look_at_the_flag_agrees_with_the_whole_text(flags: int) -> None:
    text = f"00-{IDS[0]}-{IDS[1]}-{flags:02x}"
    context = read_traceparent(text)
    assert context is not None
    assert says_sampled(text) == context.sampled == bool(flags & 1)


def test_a_child_is_another_span_of_the_same_trace() -> None:
    context = SpanContext(new_trace_id(), new_span_id(), sampled=True)
    child = context.child()
    assert child.trace_id == context.trace_id
    assert child.span_id != context.span_id
    assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-01", child.traceparent)
