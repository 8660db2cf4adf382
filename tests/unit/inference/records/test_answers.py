"""What is published for an image, with the sample model."""

from collections.abc import Iterator

import pytest

from darkroom_inference.lifecycle.metrics import Metrics
from darkroom_inference.lifecycle.watchdog import Watchdog
from darkroom_inference.records.answers import Answers
from darkroom_inference.records.image import ImageRecord
from darkroom_vision.analyse import LoadedStage
from darkroom_vision.stage import load_stage
from tests.support.services.image_records import example_image, example_settings
from tests.support.services.stage import MODEL, samples

RESULTS, DEAD_LETTERS = "demo.digits.classify.results", "demo.digits.classify.dead-letters"


class Answering:
    """Answers of the stage `classify` of `demo/digits`."""

    def __init__(self, stage: LoadedStage, max_result_bytes: int = 1_000_000) -> None:
        self.metrics = Metrics()
        settings = example_settings().model_copy(update={"max_result_bytes": max_result_bytes})
        self.answers = Answers(0, settings, stage, Watchdog(60), self.metrics)

    def steps(self) -> set[str]:
        """The steps that were measured."""
        steps = ("decode", "preprocess", "inference", "publish")
        sample = "darkroom_worker_step_seconds_count"
        return {step for step in steps if self.metrics.registry.get_sample_value(sample, {"step": step})}


@pytest.fixture(scope="module")
def stage() -> Iterator[LoadedStage]:
    return load_stage(example_settings().model_copy(update={"model_path": MODEL}))


def digit(**headers: str) -> ImageRecord:
    return example_image(value=samples()[0], **headers)


def test_an_image_gets_its_result_and_its_steps_are_measured(stage: LoadedStage) -> None:
    answering = Answering(stage)
    outgoing = answering.answers.answer(digit())
    assert outgoing is not None
    assert (outgoing.topic, outgoing.reason) == (RESULTS, "")
    assert answering.steps() == {"decode", "preprocess", "inference"}


def test_a_result_that_its_topic_refuses_after_all_has_a_dead_letter_ready(stage: LoadedStage) -> None:
    outgoing = Answering(stage).answers.answer(digit())
    assert outgoing is not None
    assert outgoing.fallback is not None
    letter = outgoing.fallback()
    assert (letter.topic, letter.reason, letter.value) == (DEAD_LETTERS, "ResultTooLarge", samples()[0])


def test_a_result_that_is_larger_than_its_topic_takes_is_not_tried(stage: LoadedStage) -> None:
    letter = Answering(stage, max_result_bytes=10).answers.answer(digit())
    assert letter is not None
    assert (letter.topic, letter.reason, letter.fallback) == (DEAD_LETTERS, "ResultTooLarge", None)
    assert b"raise max.message.bytes" in (dict(letter.headers)["darkroom-error-message"] or b"")


@pytest.mark.parametrize("value", [b"no image", b"", None])
def test_what_is_no_image_becomes_a_dead_letter(stage: LoadedStage, value: bytes | None) -> None:
    answering = Answering(stage)
    record = example_image()
    letter = answering.answers.answer(ImageRecord(**{**vars(record), "value": value}))
    assert letter is not None
    assert (letter.topic, letter.value) == (DEAD_LETTERS, value)
    assert answering.steps() == set()


def test_an_image_for_another_stage_gets_no_answer(stage: LoadedStage) -> None:
    answers = Answering(stage).answers
    assert answers.answer(digit(**{"darkroom-target-stage": "detect"})) is None
    assert answers.answer(digit(**{"darkroom-target-stage": "classify"})) is not None
