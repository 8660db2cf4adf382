"""Verifies the evidence. Pure, so that tests can show what it detects."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tests.chaos.verdict.evidence import (
    Acknowledged,
    Answer,
    Evidence,
    ImageInLog,
    Position,
    StageEvidence,
    StoreEvidence,
)
from tests.chaos.verdict.promises import Content

Kind = Literal[
    "NotInLog",
    "Unanswered",
    "AnsweredTwice",
    "ResultAndDeadLetter",
    "OutOfOrder",
    "FalseDeadLetter",
    "WrongReason",
    "BadImageAnalyzed",
    "MixedUp",
    "Stranger",
    "Stuck",
    "StoreDiffers",
    "Unruly",
]


@dataclass(frozen=True)
class Violation:
    """A violated guarantee."""

    kind: Kind
    what: str


def violations(evidence: Evidence) -> list[Violation]:
    """All violated guarantees."""
    contents = {image.image_id: image.content for image in evidence.acknowledged}
    files = {image.image_id: image.file for image in evidence.acknowledged}
    images = {image.position: image for image in evidence.images}
    found = [Violation("Unruly", problem) for problem in evidence.problems]
    found += _acknowledged(evidence.acknowledged, images)
    for stage in evidence.stages:
        found += _answers(stage, images)
        found += _order(stage) if stage.promises.ordered else ()
        found += _outcomes(stage, contents)
        found += _labels(stage, files)
        found += _unfinished(stage, evidence.ends)
    if evidence.store is not None:
        found += _store(evidence.store, evidence)
    return found


def duplicates(stage: StageEvidence) -> int:
    """The number of answers beyond the first for the same record of the images topic."""
    answers = [answer.source for answer in (*stage.results, *stage.dead_letters)]
    return len(answers) - len(set(answers))


def _acknowledged(acknowledged: Iterable[Acknowledged], images: Mapping[Position, ImageInLog]) -> Iterator[Violation]:
    """Acknowledged images are at their positions, and the images of each lane are in order."""
    first: dict[str, Position] = {}
    for position in sorted(images):
        first.setdefault(images[position].image_id, position)
    last: dict[tuple[int, int], tuple[int, str]] = {}
    for image in acknowledged:
        found = images.get(image.position)
        if found is None or found.image_id != image.image_id:
            yield Violation("NotInLog", f"image {image.image_id} was acknowledged at {image.position}, where it is not")
            continue
        if image.key is None:
            continue
        partition, offset = first[image.image_id]
        before, its_id = last.get((image.lane, partition), (-1, ""))
        if offset < before:
            yield Violation("OutOfOrder", f"image {image.image_id} of key {image.key} lies before {its_id} in the log")
        last[image.lane, partition] = (offset, image.image_id)


def _answers(stage: StageEvidence, images: Mapping[Position, ImageInLog]) -> Iterator[Violation]:
    """Every image has an answer, exactly one if that is promised, and every answer has an image."""
    results = Counter(answer.source for answer in stage.results)
    letters = Counter(answer.source for answer in stage.dead_letters)
    for position, image in images.items():
        count = results[position] + letters[position]
        if not count:
            yield Violation("Unanswered", f"{stage.name}: image {image.image_id} at {position} has no answer")
        elif count > 1 and stage.promises.one_answer:
            yield Violation("AnsweredTwice", f"{stage.name}: image {image.image_id} at {position} has {count} answers")
        if results[position] and letters[position]:
            yield Violation("ResultAndDeadLetter", f"{stage.name}: image {image.image_id} at {position} has both")
    for answer in (*stage.results, *stage.dead_letters):
        source = images.get(answer.source)
        if source is None or (source.image_id, source.key) != (answer.image_id, answer.key):
            yield Violation(
                "Stranger",
                f"{stage.name}: the answer at {answer.position} is for no image: {answer.image_id} {answer.key!r}",
            )


def _order(stage: StageEvidence) -> Iterator[Violation]:
    """The answers of a key are in the order of its images; with duplicates, the first answers are."""
    for answers in (stage.results, stage.dead_letters):
        seen: set[Position] = set()
        last: dict[bytes | None, Answer] = {}
        for answer in answers:
            if not stage.promises.one_answer and answer.source in seen:
                continue
            seen.add(answer.source)
            before = last.get(answer.key)
            if before is not None and (before.position[0] != answer.position[0] or before.source >= answer.source):
                yield Violation(
                    "OutOfOrder",
                    f"{stage.name}: key {answer.key!r}: image {answer.source} is answered at {answer.position}, "
                    f"after image {before.source} at {before.position}",
                )
            last[answer.key] = answer


def _outcomes(stage: StageEvidence, contents: Mapping[str, Content]) -> Iterator[Violation]:
    """Images become dead letters if that is promised for their content, with the right reason, else results."""
    reasons = stage.promises.reasons
    for letter in stage.dead_letters:
        content = contents.get(letter.image_id, "Good")
        if content not in reasons:
            yield Violation(
                "FalseDeadLetter", f"{stage.name}: {content.lower()} image {letter.image_id} failed: {letter.reason}"
            )
        elif letter.reason not in reasons[content]:
            yield Violation(
                "WrongReason",
                f"{stage.name}: the dead letter of {content.lower()} image {letter.image_id} says {letter.reason}, "
                f"not {' or '.join(sorted(reasons[content]))}",
            )
    for result in stage.results:
        content = contents.get(result.image_id, "Good")
        if content in reasons:
            yield Violation(
                "BadImageAnalyzed", f"{stage.name}: {content.lower()} image {result.image_id} is a {result.label}"
            )


def _labels(stage: StageEvidence, files: Mapping[str, str]) -> Iterator[Violation]:
    """The same bytes have the same label; if not, results were mixed up."""
    labels: dict[str, set[str]] = defaultdict(set)
    for result in stage.results:
        if result.image_id in files:
            labels[files[result.image_id]].add(result.label)
    for file, found in labels.items():
        if len(found) > 1:
            yield Violation("MixedUp", f"{stage.name}: the same image {file} is {', '.join(sorted(found))}")


def _unfinished(stage: StageEvidence, ends: Mapping[int, int]) -> Iterator[Violation]:
    """The group has nothing left to do in any partition, and no transaction is left open."""
    for partition, end in ends.items():
        done = stage.done.get(partition, 0)
        if done != end:
            yield Violation("Stuck", f"{stage.name}: partition {partition} is done up to {done} of {end}")
    for partition in stage.unstable:
        yield Violation("Stuck", f"{stage.name}: an open transaction holds up the readers of {partition}")


def _store(store: StoreEvidence, evidence: Evidence) -> Iterator[Violation]:
    """The service agrees with the topics: every result once, every dead letter, every document."""
    results = {(stage.name, answer.image_id) for stage in evidence.stages for answer in stage.results}
    letters = {(stage.name, answer.position) for stage in evidence.stages for answer in stage.dead_letters}
    yield from _lists("results", results, store.results)
    yield from _lists("dead letters", letters, store.dead_letters)
    failed = {(stage.name, answer.image_id) for stage in evidence.stages for answer in stage.dead_letters}
    names = [stage.name for stage in evidence.stages]
    first: dict[str, Position] = {}
    for image in sorted(evidence.images, key=lambda image: image.position):
        first.setdefault(image.image_id, image.position)
    for image_id, position in first.items():
        document = store.documents.get(image_id)
        its_results = frozenset(name for name in names if (name, image_id) in results)
        its_failures = frozenset(name for name in names if (name, image_id) in failed)
        if document is None:
            yield Violation("StoreDiffers", f"image {image_id} has no document")
        elif (document.position, document.results, document.failures) != (position, its_results, its_failures):
            yield Violation(
                "StoreDiffers",
                f"image {image_id}: at {position} in the topics, with {sorted(its_results)} {sorted(its_failures)}, "
                f"its document says {document}",
            )


def _lists(
    what: str, topics: set[tuple[str, str]] | set[tuple[str, Position]], store: Sequence[object]
) -> Iterator[Violation]:
    counted = Counter(store)
    if twice := sum(count > 1 for count in counted.values()):
        yield Violation("StoreDiffers", f"{twice} {what} are in the store's list more than once")
    if missing := topics - set(counted):
        yield Violation("StoreDiffers", f"{len(missing)} {what} of the topics are not in the store: {_some(missing)}")
    if extra := set(counted) - topics:
        yield Violation("StoreDiffers", f"{len(extra)} {what} of the store are not in the topics: {_some(extra)}")


def _some(items: Iterable[object]) -> str:
    return ", ".join(sorted(map(str, items))[:3])
