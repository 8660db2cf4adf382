"""What is published for an image, with the sample model."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image
from structlog.testing import capture_logs

from darkroom.api.execution import Batch, Execution
from darkroom.api.pipeline import Stage
from darkroom.logs import _merge_fields, log_fields
from darkroom_inference.lifecycle.metrics import Metrics
from darkroom_inference.lifecycle.watchdog import Watchdog
from darkroom_inference.records.answers import Answers, ModelFailed
from darkroom_inference.records.image import ImageRecord
from darkroom_inference.records.outgoing import Outgoing
from darkroom_vision.analyse import LoadedStage, prepare
from darkroom_vision.model.session import load_model
from darkroom_vision.stage import load_stage
from tests.support.images.pictures import encoded
from tests.support.models.onnx_files import fails_on_bright_file
from tests.support.services.image_records import example_image, example_settings
from tests.support.services.stage import MODEL, samples

RESULTS, DEAD_LETTERS = "demo.digits.classify.results", "demo.digits.classify.dead-letters"


class Answering:
    """Answers of the stage `classify` of `demo/digits`."""

    def __init__(self, stage: LoadedStage, max_result_bytes: int = 1_000_000, images_a_run: int = 1) -> None:
        self.ends: list[int] = []
        self.metrics = Metrics()
        settings = example_settings()
        execution = Execution(batch=Batch(max=images_a_run))
        settings = settings.model_copy(
            update={
                "max_result_bytes": max_result_bytes,
                "stage": settings.stage.model_copy(update={"execution": execution}),
            }
        )
        self.answers = Answers(0, settings, stage, Watchdog(60, self.ends.append), self.metrics)

    def steps(self) -> set[str]:
        """The steps that were measured."""
        self.answers.report()
        steps = ("decode", "preprocess", "inference", "publish")
        sample = "darkroom_worker_step_seconds_count"
        return {step for step in steps if self.metrics.registry.get_sample_value(sample, {"step": step})}

    def runs(self) -> tuple[float | None, float | None]:
        """The number of runs of the model that succeeded, and how many images they had."""
        self.answers.report()
        value = self.metrics.registry.get_sample_value
        return value("darkroom_worker_run_images_count"), value("darkroom_worker_run_images_sum")


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
    letter = answering.answers.answer(replace(example_image(), value=value))
    assert letter is not None
    assert (letter.topic, letter.value) == (DEAD_LETTERS, value)
    assert answering.steps() == set()


def test_an_image_for_another_stage_gets_no_answer(stage: LoadedStage) -> None:
    answers = Answering(stage).answers
    assert answers.answer(digit(**{"darkroom-target-stage": "detect"})) is None
    assert answers.answer(digit(**{"darkroom-target-stage": "classify"})) is not None


@pytest.mark.parametrize(("images_a_run", "at_once", "runs"), [(1, None, 5), (8, None, 1), (1, 2, 5), (8, 2, 3)])
def test_images_that_are_answered_together_get_the_results_that_they_get_alone(
    stage: LoadedStage, images_a_run: int, at_once: int | None, runs: int
) -> None:
    alone, together = Answering(stage), Answering(stage, images_a_run=images_a_run)
    records = [example_image(offset=n, value=image) for n, image in enumerate(samples()[:5])]
    expected = [alone.answers.answer(record) for record in records]
    found = together.answers.answer_together(records, at_once)
    assert (alone.runs(), together.runs()) == ((5, 5), (runs, 5))
    for one, other in zip(expected, found, strict=True):
        assert one is not None
        assert other is not None
        assert not isinstance(other, ModelFailed)
        a, b = json.loads(one.value or b""), json.loads(other.value or b"")
        assert [p["label"] for p in a["predictions"]] == [p["label"] for p in b["predictions"]]
        assert [p["score"] for p in a["predictions"]] == pytest.approx([p["score"] for p in b["predictions"]], abs=1e-5)
    assert together.steps() == {"decode", "preprocess", "inference"}


def test_a_bad_file_and_an_image_for_another_stage_leave_the_others_in_their_run(stage: LoadedStage) -> None:
    answering = Answering(stage, images_a_run=8)
    good = samples()[0]
    records = [
        example_image(value=good),
        example_image(value=b"no image"),
        example_image(value=good, **{"darkroom-target-stage": "detect"}),
        example_image(value=good),
    ]
    first, bad, skipped, last = answering.answers.answer_together(records)
    assert first is not None
    assert last is not None
    assert not isinstance(bad, ModelFailed)
    assert bad is not None
    assert (bad.topic, skipped) == (DEAD_LETTERS, None)
    assert answering.runs() == (1, 2)


@pytest.fixture(scope="module")
def fails_on_white(tmp_path_factory: pytest.TempPathFactory) -> LoadedStage:
    path = fails_on_bright_file(tmp_path_factory.mktemp("model") / "x.onnx")
    document = {"name": "x", "model": {"uri": "file:x"}, "output": {"type": "Embedding"}, "input": {"scale": 1 / 255}}
    return prepare(load_model(path), Stage.model_validate(document))


def grey(level: int) -> bytes:
    return encoded(Image.new("L", (2, 2), level), "PNG")


@pytest.mark.parametrize("at_once", [None, 1, 2])
def test_images_that_are_analysed_one_at_a_time_end_at_the_first_that_the_model_fails_on(
    fails_on_white: LoadedStage, at_once: int | None
) -> None:
    answering = Answering(fails_on_white)
    records = [
        example_image(offset=0, value=grey(10)),
        example_image(offset=1, value=b"no image"),
        example_image(offset=2, value=grey(255), **{"darkroom-target-stage": "another"}),
        example_image(offset=3, value=grey(255)),
        example_image(offset=4, value=grey(30)),
    ]
    result, letter, skipped, failed = answering.answers.answer_together(records, at_once)
    assert isinstance(result, Outgoing)
    assert isinstance(letter, Outgoing)
    assert (result.topic, letter.topic, skipped) == (RESULTS, DEAD_LETTERS, None)
    assert isinstance(failed, ModelFailed)
    assert answering.runs() == (1, 1)


@pytest.mark.parametrize("images_a_run", [1, 8])
def test_the_line_about_a_failed_image_has_no_field_of_another(stage: LoadedStage, images_a_run: int) -> None:
    traced = digit(traceparent="00-" + "a" * 32 + "-" + "b" * 16 + "-01")
    bad = example_image(offset=7, value=b"no image")
    answering = Answering(stage, images_a_run=images_a_run)
    with capture_logs(processors=[_merge_fields]) as logs, log_fields(traced.log_fields):
        answering.answers.answer_together([traced, bad])
    (line,) = logs
    assert (line["event"], line["offset"]) == ("image failed", 7)
    assert "trace_id" not in line


def test_of_a_run_that_fails_only_the_image_that_causes_it_fails(fails_on_white: LoadedStage) -> None:
    answering = Answering(fails_on_white, images_a_run=8)
    records = [example_image(offset=n, value=grey(level)) for n, level in enumerate((10, 20, 255, 30))]
    first, second, failed = answering.answers.answer_together(records)
    assert isinstance(failed, ModelFailed)
    for answer in (first, second):
        assert answer is not None
        assert not isinstance(answer, ModelFailed)
        assert answer.topic == RESULTS
    assert answering.runs() == (3, 3)
    value = answering.metrics.registry.get_sample_value
    assert value("darkroom_worker_retries_total", {"cause": "inference"}) == 1


class Gpu:
    """A session that fails on white images and, if it is `lost`, on all of them."""

    def __init__(self, stage: LoadedStage, *, lost: bool) -> None:
        self._session, self._lost = stage.model.session, lost

    def run(self, names: None, feeds: dict[str, np.ndarray]) -> object:
        if self._lost:
            raise RuntimeError("CUDA failure 700: an illegal memory access was encountered")
        return self._session.run(names, feeds)


@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("together", [1, 4])
def test_a_gpu_that_fails_on_every_image_ends_the_process(
    fails_on_white: LoadedStage, lost: bool, together: int
) -> None:
    on_gpu = replace(fails_on_white.model.execution, provider="Cuda")
    session = cast("Any", Gpu(fails_on_white, lost=lost))
    answering = Answering(
        replace(fails_on_white, model=replace(fails_on_white.model, session=session, execution=on_gpu)),
        images_a_run=together,
    )
    answering.answers.answer_together([example_image(offset=n, value=grey(255)) for n in range(together)])
    assert bool(answering.ends) == lost
