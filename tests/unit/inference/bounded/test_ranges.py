"""What a replay decides before it does anything: its ranges, what it writes down, its rate, its names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.api.validation import parse_pipeline
from darkroom.kafka.connection import KafkaConnection
from darkroom.kafka.positions import AtOffset, AtTime, Position
from darkroom.stage_settings import Replay, StageSettings, stage_settings
from darkroom.topology import topology
from darkroom_inference.bounded.limits import plan_of
from darkroom_inference.bounded.plan import Plan, left, read_plan
from darkroom_inference.bounded.ranges import Range, offsets, ranges
from darkroom_inference.bounded.rate import Allowance, Credit, Meter
from darkroom_inference.bounded.tally import Tally
from darkroom_inference.kafka.marks import Mark, decode, encode
from darkroom_inference.records.dead_letter import dead_letter
from darkroom_inference.records.generation import generation_of
from darkroom_inference.records.image import ImageRecord
from darkroom_inference.replay.log import CannotReplay
from darkroom_inference.replay.request import checked_topic, settings_of_workers
from tests.support.manifests import pipeline_manifest

LOG = {0: (10, 50), 1: (0, 0), 2: (5, 20)}

offset = st.integers(0, 100)
logs = st.dictionaries(st.integers(0, 5), st.tuples(offset, offset).map(lambda each: (min(each), max(each))))
plans = st.builds(
    Plan,
    st.dictionaries(
        st.integers(0, 5), st.tuples(offset, offset).map(lambda each: Range(min(each), max(each))), min_size=1
    ),
    st.none() | st.from_regex(r"\A[a-z.]{1,200}\Z"),
)
marks = st.sampled_from([Mark(), Mark(held=True), Mark(suspects=3), Mark(suspects=2, attempts=1, in_hand=True)])


def settings() -> StageSettings:
    pipeline = parse_pipeline(pipeline_manifest())
    plan = topology(pipeline).stages[0]
    return stage_settings(pipeline, plan, KafkaConnection(bootstrap_servers="k:9092"), loops=8)


def image(**headers: str) -> ImageRecord:
    pairs: list[tuple[str, bytes | None]] = [(name, value.encode()) for name, value in headers.items()]
    return ImageRecord("demo.digits.images", 3, 42, b"k", b"image", [("ce_id", b"i"), *pairs], 1_000)


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        ("beginning", "end", {0: Range(10, 50), 1: Range(0, 0), 2: Range(5, 20)}),
        (AtOffset(15), "end", {0: Range(15, 50), 1: Range(0, 0), 2: Range(15, 20)}),
        (AtOffset(15), AtOffset(30), {0: Range(15, 30), 1: Range(0, 0), 2: Range(15, 20)}),
        (AtOffset(0), AtOffset(7), {0: Range(10, 10), 1: Range(0, 0), 2: Range(5, 7)}),
        # Partition 2 has nothing that late.
        (AtTime(1), "end", {0: Range(12, 50), 1: Range(0, 0), 2: Range(20, 20)}),
    ],
)
def test_a_range_is_what_the_log_holds_between_two_places(
    start: Position, end: Position, found: dict[int, Range]
) -> None:
    at_time = {0: 12, 1: None, 2: None}
    assert ranges(offsets(start, LOG, at_time), offsets(end, LOG, at_time), LOG) == found


@given(logs, st.data())
def test_a_range_never_leaves_the_log_nor_runs_backwards(log: dict[int, tuple[int, int]], data: st.DataObject) -> None:
    start, end = ({p: data.draw(offset) for p in log} for _ in range(2))
    for partition, found in ranges(start, end, log).items():
        first, last = log[partition]
        assert first <= found.start <= found.end <= last


@given(plans, marks)
def test_a_plan_is_found_again_beside_whatever_mark(plan: Plan, mark: Mark) -> None:
    metadata: dict[int, str | None] = {p: encode(mark, beside) for p, beside in plan.beside().items()}
    assert read_plan(metadata) == plan
    assert all(decode(text) == mark for text in metadata.values())
    # What a broker takes by default.
    assert all(len(text or "") < 4_096 for text in metadata.values())


@pytest.mark.parametrize("metadata", [None, "", "x", "[]", '{"darkroom": "held"}', '{"replay": {"start": "0"}}'])
def test_a_group_that_is_no_replay_holds_no_plan(metadata: str | None) -> None:
    assert read_plan({0: metadata}) is None


def test_what_is_left_is_counted_from_what_is_committed() -> None:
    plan = Plan({0: Range(10, 50), 1: Range(5, 5)})
    assert (left(plan, {}), left(plan, {0: 30, 1: 5}), left(plan, {0: 50, 1: 5})) == (40, 20, 0)
    # Retention was quicker: the group was reset to a later offset.
    assert left(plan, {0: 70}) == 0


@given(st.floats(0.1, 5_000), st.lists(st.floats(0, 2), max_size=50), st.data())
def test_no_more_tokens_are_handed_out_than_the_rate_allows(
    rate: float, ticks: list[float], data: st.DataObject
) -> None:
    credit, handed_out, waiting = Credit(rate), 0, 0
    for seconds in ticks:
        tokens = credit.due(seconds, waiting)
        handed_out += tokens
        waiting = data.draw(st.integers(0, waiting + tokens))
        assert waiting <= credit.burst
    assert handed_out <= rate * sum(ticks) + 1


def test_a_slow_rate_hands_out_a_token_when_its_time_has_come() -> None:
    credit = Credit(rate=0.5)
    assert [credit.due(0.5, 0) for _ in range(8)] == [0, 0, 0, 1, 0, 0, 0, 1]


def test_tokens_are_taken_once_by_whoever_is_first() -> None:
    meter = Meter(rate=1_000)
    allowances = [Allowance(meter.reader) for _ in range(3)]
    assert all(each.take(5) for each in allowances)
    meter.close()


def test_what_several_processes_tell_is_added_up() -> None:
    tally = Tally()
    with open(tally.writer, "wb", closefd=False, buffering=0) as pipe:
        pipe.write(b'{"analyzed": 2}\n{"fai')
        assert tally.counts() == {"analyzed": 2}
        pipe.write(b'led": 1}\n{"analyzed": 3, "skipped": 1}\n')
    assert tally.counts() == {"analyzed": 5, "failed": 1, "skipped": 1}
    tally.close()


def test_workers_of_a_replay_have_a_group_a_name_and_topics_of_their_own() -> None:
    plan = Plan({0: Range(0, 5), 1: Range(5, 5), 2: Range(1, 9)}, "mine")
    told = settings_of_workers(settings(), "new-model", plan)
    assert told.consumer_group == "demo.digits.classify.replay.new-model"
    assert (told.results_topic, told.dead_letters_topic) == ("mine", "mine.dead-letters")
    assert told.loops == 2
    assert told.replay is not None
    assert plan_of(StageSettings.model_validate_json(told.model_dump_json(by_alias=True)).replay or told.replay) == plan


def test_without_a_topic_of_its_own_a_replay_publishes_where_live_work_does() -> None:
    told = settings_of_workers(settings(), "new-model", Plan({0: Range(0, 5)}))
    assert (told.results_topic, told.dead_letters_topic) == (settings().results_topic, settings().dead_letters_topic)
    assert checked_topic(settings(), settings().results_topic) is None


@pytest.mark.parametrize(
    ("topic", "says"),
    [
        ("demo.digits.images", "it holds images"),
        ("demo.digits.classify.dead-letters", "it holds images"),
        ("a b", "a topic's name is letters"),
        ("x" * 240, "a topic's name is letters"),
        ("", "a topic's name is letters"),
    ],
)
def test_results_do_not_go_where_they_must_not(topic: str, says: str) -> None:
    with pytest.raises(CannotReplay, match=says):
        checked_topic(settings(), topic)


def test_the_replay_that_is_under_way_comes_before_the_one_that_an_image_was_put_back_for() -> None:
    live = settings()
    replaying = live.model_copy(update={"replay": Replay(generation="second", ranges={})})
    assert generation_of(image(), live) is None
    assert generation_of(image(**{"darkroom-generation": "first"}), live) == "first"
    assert generation_of(image(**{"darkroom-generation": "first"}), replaying) == "second"
    letter = dead_letter(image(**{"darkroom-generation": "first"}), replaying, "DecodeError", "cut off")
    assert [value for name, value in letter.headers if name == "darkroom-generation"] == [b"second"]
    assert "darkroom-generation" not in dict(dead_letter(image(), live, "DecodeError", "cut off").headers)
