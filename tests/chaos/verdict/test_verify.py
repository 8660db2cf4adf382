"""The verdict detects every kind of damage to a correct run."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from darkroom.api.pipeline import Stage
from tests.chaos.verdict.evidence import (
    Acknowledged,
    Answer,
    Document,
    Evidence,
    ImageInLog,
    Position,
    StageEvidence,
    StoreEvidence,
)
from tests.chaos.verdict.promises import Content, Promises
from tests.chaos.verdict.verify import duplicates, violations
from tests.chaos.world import STAGES

PARTITIONS = 2
NAMES = tuple(STAGES)
_MODEL = {"model": {"uri": "file:///model.onnx"}, "output": {"type": "Classification", "labels": ["one", "two"]}}
PROMISES = {
    name: Promises.of(Stage.model_validate({"name": name, **_MODEL, **guarantee})) for name, guarantee in STAGES.items()
}


@st.composite
def good_runs(draw: st.DrawFn) -> Evidence:
    """A run with a few keys in any partitions; every seventh image is damaged, and every sixth is poison."""
    keys = draw(st.lists(st.integers(0, 4), min_size=4, max_size=24))
    ends = dict.fromkeys(range(PARTITIONS), 0)
    images, acknowledged = [], []
    for number, key in enumerate(keys):
        partition = key % PARTITIONS
        position, ends[partition] = (partition, ends[partition]), ends[partition] + 1
        images.append(ImageInLog(position, f"i{number}", f"k{key}".encode()))
        content: Content = "Damaged" if number % 7 == 3 else "Poison" if number % 6 == 2 else "Good"
        acknowledged.append(Acknowledged(f"i{number}", key, f"k{key}", f"{content}{key}", content, position))
    stages = [
        StageEvidence(name, promises, *_answers(promises, images, acknowledged), done=ends)
        for name, promises in PROMISES.items()
    ]
    return with_store(Evidence(acknowledged, sorted(images, key=lambda image: image.position), ends, stages))


def _answers(
    promises: Promises, images: list[ImageInLog], acknowledged: list[Acknowledged]
) -> tuple[list[Answer], list[Answer]]:
    offsets: dict[tuple[bool, int], int] = {}
    found: dict[bool, list[Answer]] = {True: [], False: []}
    for image, sent in zip(images, acknowledged, strict=True):
        reasons = promises.reasons.get(sent.content)
        bad = reasons is not None
        which = (bad, image.position[0])
        position: Position = (image.position[0], offsets.setdefault(which, 0))
        offsets[which] += 1
        outcome = {"reason": min(reasons)} if reasons is not None else {"label": sent.file}
        found[bad].append(Answer(position, image.image_id, image.key, image.position, **outcome))
    return tuple(sorted(found[bad], key=lambda answer: answer.position) for bad in (False, True))  # type: ignore[return-value]


def with_store(evidence: Evidence) -> Evidence:
    """The evidence with a store that agrees with the topics."""
    results = sorted({(stage.name, answer.image_id) for stage in evidence.stages for answer in stage.results})
    letters = [(stage.name, answer.position) for stage in evidence.stages for answer in stage.dead_letters]
    failed = {(stage.name, answer.image_id) for stage in evidence.stages for answer in stage.dead_letters}
    documents = {
        image.image_id: Document(
            image.position,
            frozenset(name for name in NAMES if (name, image.image_id) in results),
            frozenset(name for name in NAMES if (name, image.image_id) in failed),
        )
        for image in evidence.images
    }
    return replace(evidence, store=StoreEvidence(results, letters, documents))


def kinds(evidence: Evidence) -> set[str]:
    return {violation.kind for violation in violations(evidence)}


def changed(evidence: Evidence, name: str, **fields: Any) -> Evidence:
    """The evidence with a change in one stage, and a store that agrees."""
    stages = [replace(stage, **fields) if stage.name == name else stage for stage in evidence.stages]
    return with_store(replace(evidence, stages=stages))


def stage_of(evidence: Evidence, name: str) -> StageEvidence:
    return next(stage for stage in evidence.stages if stage.name == name)


def test_what_each_stage_promises() -> None:
    found = {name: (p.one_answer, p.ordered, {c: set(r) for c, r in p.reasons.items()}) for name, p in PROMISES.items()}
    damaged = {"Damaged": {"DecodeError"}}
    assert found == {
        "atleast": (False, True, damaged),
        "exactly": (True, True, damaged),
        "queue": (False, False, damaged | {"Poison": {"PoisonImage", "DeliveryLimit"}}),
    }


@given(good_runs())
def test_a_correct_run_has_no_violations(evidence: Evidence) -> None:
    assert violations(evidence) == []


@given(good_runs(), st.sampled_from(NAMES), st.sampled_from(["results", "dead_letters"]), st.data())
def test_a_lost_answer_is_detected(evidence: Evidence, name: str, field: str, data: st.DataObject) -> None:
    answers = list(getattr(stage_of(evidence, name), field))
    assume(answers)
    answers.pop(data.draw(st.integers(0, len(answers) - 1)))
    assert kinds(changed(evidence, name, **{field: answers})) == {"Unanswered"}


@given(good_runs(), st.sampled_from(NAMES), st.data())
def test_a_duplicate_answer_is_a_violation_only_with_exactly_once(
    evidence: Evidence, name: str, data: st.DataObject
) -> None:
    answers = list(stage_of(evidence, name).results)
    assume(answers)
    again = data.draw(st.sampled_from(answers))
    partition = again.position[0]
    end = 1 + max(answer.position[1] for answer in answers if answer.position[0] == partition)
    later = changed(evidence, name, results=[*answers, replace(again, position=(partition, end))])
    assert duplicates(stage_of(later, name)) == 1
    assert kinds(later) == ({"AnsweredTwice", "OutOfOrder"} if name == "exactly" else set())


@given(good_runs(), st.sampled_from(NAMES), st.data())
def test_two_answers_of_a_key_in_the_wrong_order_are_a_violation_unless_the_stage_is_a_queue(
    evidence: Evidence, name: str, data: st.DataObject
) -> None:
    answers = list(stage_of(evidence, name).results)
    pairs = [
        (one, other)
        for one, first in enumerate(answers)
        for other, second in enumerate(answers)
        if one < other and first.key == second.key
    ]
    assume(pairs)
    one, other = data.draw(st.sampled_from(pairs))
    first, second = answers[one], answers[other]
    answers[one], answers[other] = replace(second, position=first.position), replace(first, position=second.position)
    assert kinds(changed(evidence, name, results=answers)) == (set() if name == "queue" else {"OutOfOrder"})


@given(good_runs(), st.data())
def test_an_acknowledged_image_that_is_not_in_the_log_is_detected(evidence: Evidence, data: st.DataObject) -> None:
    images = list(evidence.images)
    lost = images.pop(data.draw(st.integers(0, len(images) - 1)))
    found = kinds(with_store(replace(evidence, images=images)))
    assert {"NotInLog", "Stranger"} <= found, lost


@given(good_runs(), st.sampled_from(NAMES), st.data())
def test_a_good_image_among_the_dead_letters_is_detected(evidence: Evidence, name: str, data: st.DataObject) -> None:
    stage = stage_of(evidence, name)
    assume(stage.results)
    victim = data.draw(st.sampled_from(list(stage.results)))
    rest = [answer for answer in stage.results if answer != victim]
    letter = replace(victim, position=(victim.position[0], 10_000), reason="PoisonImage", label="")
    damaged = changed(evidence, name, results=rest, dead_letters=[*stage.dead_letters, letter])
    assert "FalseDeadLetter" in kinds(damaged)
    both = changed(evidence, name, dead_letters=[*stage.dead_letters, letter])
    assert "ResultAndDeadLetter" in kinds(both)


@given(good_runs(), st.sampled_from(NAMES), st.data())
def test_a_dead_letter_with_another_reason_is_detected(evidence: Evidence, name: str, data: st.DataObject) -> None:
    letters = list(stage_of(evidence, name).dead_letters)
    assume(letters)
    victim = data.draw(st.sampled_from(letters))
    wrong = [replace(letter, reason="InferenceError") if letter is victim else letter for letter in letters]
    assert kinds(changed(evidence, name, dead_letters=wrong)) == {"WrongReason"}


@given(good_runs())
def test_a_poison_image_is_no_reason_for_a_dead_letter_where_it_does_no_harm(evidence: Evidence) -> None:
    letters = stage_of(evidence, "queue")
    damaged = changed(evidence, "atleast", results=letters.results, dead_letters=letters.dead_letters)
    poison = {image.image_id for image in evidence.acknowledged if image.content == "Poison"}
    assert kinds(damaged) == ({"FalseDeadLetter"} if poison else set())


@given(good_runs(), st.sampled_from(NAMES), st.data())
def test_the_result_of_another_image_is_detected(evidence: Evidence, name: str, data: st.DataObject) -> None:
    stage = stage_of(evidence, name)
    index = data.draw(st.integers(0, max(0, len(stage.results) - 1)))
    same = [answer for answer in stage.results if stage.results and answer.label == stage.results[index].label]
    assume(len(same) > 1)
    answers = [replace(answer, label="other") if answer is same[0] else answer for answer in stage.results]
    assert kinds(changed(evidence, name, results=answers)) == {"MixedUp"}


@given(good_runs(), st.sampled_from(NAMES))
def test_a_stuck_partition_is_detected(evidence: Evidence, name: str) -> None:
    behind = {partition: max(0, end - 1) for partition, end in evidence.ends.items()}
    assert kinds(changed(evidence, name, done=behind)) == {"Stuck"}
    assert kinds(changed(evidence, name, unstable=["results 0 from 3 of 5"])) == {"Stuck"}


@given(good_runs(), st.data())
def test_a_store_that_differs_from_the_topics_is_detected(evidence: Evidence, data: st.DataObject) -> None:
    store = evidence.store
    assert store is not None
    assume(store.results)
    one = data.draw(st.sampled_from(list(store.results)))
    image_id = evidence.images[0].image_id
    elsewhere = replace(store.documents[image_id], position=(9, 9))
    for damaged in (
        replace(store, results=[result for result in store.results if result != one]),
        replace(store, results=[*store.results, one]),
        replace(store, results=[*store.results, ("exactly", "nobody's")]),
        replace(store, dead_letters=[*store.dead_letters, ("exactly", (0, 77))]),
        replace(store, documents={**store.documents, image_id: elsewhere}),
        replace(store, documents={key: value for key, value in store.documents.items() if key != image_id}),
    ):
        assert kinds(replace(evidence, store=damaged)) == {"StoreDiffers"}


def test_an_image_that_was_accepted_twice_needs_exactly_two_answers() -> None:
    images = [ImageInLog((0, 0), "i", b"k"), ImageInLog((0, 1), "i", b"k")]
    sent = [Acknowledged("i", 0, "k", "f", content="Good", position=(0, 1))]
    answers = [Answer((0, 0), "i", b"k", (0, 0), label="f"), Answer((0, 1), "i", b"k", (0, 1), label="f")]
    stage = StageEvidence("exactly", PROMISES["exactly"], answers, [], done={0: 2})
    evidence = Evidence(sent, images, {0: 2}, [stage])
    assert kinds(evidence) == set()
    assert kinds(replace(evidence, stages=[replace(stage, results=answers[:1])])) == {"Unanswered"}


def test_images_of_a_key_that_were_accepted_in_another_order_are_detected() -> None:
    images = [ImageInLog((0, 0), "later", b"k"), ImageInLog((0, 1), "earlier", b"k")]
    sent = [
        Acknowledged("earlier", 0, "k", "f", content="Good", position=(0, 1)),
        Acknowledged("later", 0, "k", "f", content="Good", position=(0, 0)),
    ]
    assert kinds(Evidence(sent, images, {}, [])) == {"OutOfOrder"}


@pytest.mark.parametrize("problem", ["worker exactly-1 ended with -6"])
def test_a_problem_of_the_run_itself_is_a_violation(problem: str) -> None:
    assert kinds(Evidence([], [], {}, [], problems=[problem])) == {"Unruly"}
