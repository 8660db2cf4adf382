"""The request for a replay, and the settings of its processes."""

import pytest

from darkroom.stage_settings import StageSettings
from darkroom_inference.bounded.limits import plan_of
from darkroom_inference.bounded.plan import ReplayPlan
from darkroom_inference.bounded.ranges import Range
from darkroom_inference.replay.log import CannotReplay
from darkroom_inference.replay.request import checked_topic, settings_of_workers
from tests.support.services.image_records import example_settings


def test_workers_of_a_replay_have_a_separate_group_name_and_topics() -> None:
    plan = ReplayPlan({0: Range(0, 5), 1: Range(5, 5), 2: Range(1, 9)}, "mine")
    told = settings_of_workers(example_settings(), "new-model", plan)
    assert told.consumer_group == "demo.digits.classify.replay.new-model"
    assert (told.results_topic, told.dead_letters_topic) == ("mine", "mine.dead-letters")
    assert told.loops == 2
    assert told.replay is not None
    assert plan_of(StageSettings.model_validate_json(told.model_dump_json(by_alias=True)).replay or told.replay) == plan


def test_without_a_separate_topic_a_replay_publishes_to_the_stages_topics() -> None:
    told = settings_of_workers(example_settings(), "new-model", ReplayPlan({0: Range(0, 5)}))
    assert (told.results_topic, told.dead_letters_topic) == (
        example_settings().results_topic,
        example_settings().dead_letters_topic,
    )
    assert checked_topic(example_settings(), example_settings().results_topic) is None


@pytest.mark.parametrize(
    ("topic", "says"),
    [
        ("demo.digits.images", "uses this topic for images"),
        ("demo.digits.classify.dead-letters", "uses this topic for images"),
        ("a b", "at most .* characters"),
        ("x" * 240, "at most .* characters"),
        ("", "at most .* characters"),
    ],
)
def test_an_unusable_results_topic_is_refused(topic: str, says: str) -> None:
    with pytest.raises(CannotReplay, match=says):
        checked_topic(example_settings(), topic)
