"""The spans of images, with the sample model."""

from dataclasses import replace

import pytest

from darkroom.tracing.context import SpanContext, read_traceparent
from darkroom.tracing.spans import Tracing
from darkroom_inference.lifecycle.metrics import Metrics
from darkroom_inference.lifecycle.watchdog import Watchdog
from darkroom_inference.records.answers import Answers
from darkroom_inference.records.outgoing import Outgoing
from darkroom_vision.stage import load_stage
from tests.support.monitoring.spans import Kept
from tests.support.services.image_records import example_image, example_settings
from tests.support.services.stage import MODEL, samples

PARENT = SpanContext("1" * 32, "2" * 16, sampled=True)
IMAGE = samples()[0]


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def answers(kept: Kept) -> Answers:
    settings = example_settings()
    stage = load_stage(settings.model_copy(update={"model_path": MODEL}))
    return Answers(0, settings, stage, Watchdog(60, lambda _: None), Metrics(), Tracing(kept))


def trace_of(outgoing: Outgoing | None) -> SpanContext | None:
    assert outgoing is not None
    [text] = [value for name, value in outgoing.headers if name == "traceparent"]
    return read_traceparent((text or b"").decode())


def test_a_result_continues_the_trace_with_the_span_of_its_publication(answers: Answers, kept: Kept) -> None:
    outgoing = answers.answer(example_image(value=IMAGE, ce_id="a", traceparent=PARENT.traceparent))
    assert kept.spans == []
    answers.report()
    process, *steps, publish = kept.spans
    assert process.name == "process demo.digits.images"
    assert process.parent == PARENT
    assert [(step.name, step.parent) for step in steps] == [
        (name, process.context) for name in ("decode", "preprocess", "infer")
    ]
    assert publish.parent == process.context
    assert trace_of(outgoing) == publish.context
    assert process.attributes["cloudevents.event_id"] == "a"


def test_a_dead_letter_has_the_reason(answers: Answers, kept: Kept) -> None:
    outgoing = answers.answer(example_image(value=b"no image", ce_id="a", traceparent=PARENT.traceparent))
    answers.report()
    process, publish = kept.spans
    assert (process.error, process.attributes["error.type"]) == ("NotAnImage", "NotAnImage")
    assert publish.name == "publish demo.digits.classify.dead-letters"
    assert trace_of(outgoing) == publish.context


def test_an_image_that_failed_without_an_attempt_is_in_its_trace(answers: Answers, kept: Kept) -> None:
    record = example_image(value=IMAGE, ce_id="a", traceparent=PARENT.traceparent)
    answers.failed(record, "PoisonImage", "the worker's process ended", attempts=3)
    answers.report()
    assert [span.error for span in kept.spans] == ["PoisonImage", ""]


def test_an_image_that_is_not_sampled_passes_its_trace_on(answers: Answers, kept: Kept) -> None:
    unsampled = PARENT._replace(sampled=False)
    outgoing = answers.answer(example_image(value=IMAGE, ce_id="a", traceparent=unsampled.traceparent))
    answers.report()
    assert trace_of(outgoing) == unsampled
    assert kept.spans == []


def test_images_that_are_taken_again_have_one_set_of_spans(answers: Answers, kept: Kept) -> None:
    record = example_image(value=IMAGE, ce_id="a", traceparent=PARENT.traceparent)
    answers.answer(record)
    answers.forget()
    answers.report()
    assert kept.spans == []
    answers.answer(record)
    answers.report()
    assert kept.names.count("process demo.digits.images") == 1


def test_of_several_images_only_the_sampled_ones_have_spans(answers: Answers, kept: Kept) -> None:
    flags = {"a": False, "b": True, "c": False, "d": True}
    records = [
        example_image(value=IMAGE, ce_id=name, traceparent=PARENT._replace(sampled=sampled).traceparent)
        for name, sampled in flags.items()
    ]
    records = [replace(record, offset=i) for i, record in enumerate(records)]
    passed_on = [trace_of(answer) for answer in answers.answer_together(records) if isinstance(answer, Outgoing)]
    answers.report()
    assert [context.sampled for context in passed_on if context] == list(flags.values())
    events = [span.attributes["cloudevents.event_id"] for span in kept.spans if span.name.startswith("process ")]
    assert events == ["b", "d"]
    assert kept.names.count("infer") == 2
