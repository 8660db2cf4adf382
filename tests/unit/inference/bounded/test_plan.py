"""The plan of a replay in the metadata of its commits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom_inference.bounded.plan import ReplayPlan, left, read_plan
from darkroom_inference.bounded.ranges import Range
from darkroom_inference.kafka.marks import Mark, decode, encode

offset = st.integers(0, 100)
plans = st.builds(
    ReplayPlan,
    st.dictionaries(
        st.integers(0, 5), st.tuples(offset, offset).map(lambda pair: Range(min(pair), max(pair))), min_size=1
    ),
    st.none() | st.from_regex(r"\A[a-z.]{1,200}\Z"),
)
marks = st.sampled_from([Mark(), Mark(batch=8), Mark(suspects=3), Mark(suspects=2, attempts=1, in_hand=True)])


@given(plans, marks)
def test_a_plan_is_read_next_to_any_mark(plan: ReplayPlan, mark: Mark) -> None:
    metadata: dict[int, str | None] = {p: encode(mark, fields) for p, fields in plan.commit_fields().items()}
    assert read_plan(metadata) == plan
    assert all(decode(text) == mark for text in metadata.values())
    # What a broker takes by default.
    assert all(len(text or "") < 4_096 for text in metadata.values())


@pytest.mark.parametrize("metadata", [None, "", "x", "[]", '{"darkroom": "held"}', '{"replay": {"start": "0"}}'])
def test_a_group_that_is_no_replay_holds_no_plan(metadata: str | None) -> None:
    assert read_plan({0: metadata}) is None


def test_the_rest_is_counted_from_the_committed_offsets() -> None:
    plan = ReplayPlan({0: Range(10, 50), 1: Range(5, 5)})
    assert (left(plan, {}), left(plan, {0: 30, 1: 5}), left(plan, {0: 50, 1: 5})) == (40, 20, 0)
    # Retention was quicker: the group was reset to a later offset.
    assert left(plan, {0: 70}) == 0
