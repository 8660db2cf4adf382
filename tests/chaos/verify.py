"""From what the topics hold to a verdict. Pure, so that it can be shown to find what it looks for."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tests.chaos.evidence import Acknowledged, Answer, Evidence, ImageInLog, Place, StageEvidence, StoreEvidence

Kind = Literal[
    "NotInLog",
    "Unanswered",
    "AnsweredTwice",
    "ResultAndDeadLetter",
    "OutOfOrder",
    "FalseDeadLetter",
    "BadImageAnalyzed",
    "MixedUp",
    "Stranger",
    "Stuck",
    "StoreDiffers",
    "Unruly",
]


@dataclass(frozen=True)
class Violation:
    """A promise that was not kept."""

    kind: Kind
    what: str


def violations(evidence: Evidence) -> list[Violation]:
    """Every promise that was not kept."""
    bad = {image.image_id: image.bad for image in evidence.acknowledged}
    files = {image.image_id: image.file for image in evidence.acknowledged}
    images = {image.place: image for image in evidence.images}
    found = [Violation("Unruly", problem) for problem in evidence.problems]
    found += _door(evidence.acknowledged, images)
    for stage in evidence.stages:
        found += _answers(stage, images)
        found += _order(stage)
        found += _justice(stage, bad)
        found += _likeness(stage, files)
        found += _standstill(stage, evidence.ends)
    if evidence.store is not None:
        found += _store(evidence.store, evidence)
    return found


def duplicates(stage: StageEvidence) -> int:
    """Answers beyond the first for the same record of the images topic."""
    answers = [answer.source for answer in (*stage.results, *stage.dead_letters)]
    return len(answers) - len(set(answers))


def _door(acknowledged: Iterable[Acknowledged], images: Mapping[Place, ImageInLog]) -> Iterator[Violation]:
    """What was acknowledged is where it was said to be, and each lane's images lie in the order of their sending."""
    first: dict[str, Place] = {}
    for place in sorted(images):
        first.setdefault(images[place].image_id, place)
    last: dict[tuple[int, int], tuple[int, str]] = {}
    for image in acknowledged:
        found = images.get(image.place)
        if found is None or found.image_id != image.image_id:
            yield Violation("NotInLog", f"image {image.image_id} was acknowledged at {image.place}, where it is not")
            continue
        if image.key is None:
            continue
        partition, offset = first[image.image_id]
        before, its_id = last.get((image.lane, partition), (-1, ""))
        if offset < before:
            yield Violation("OutOfOrder", f"image {image.image_id} of key {image.key} lies before {its_id} in the log")
        last[image.lane, partition] = (offset, image.image_id)


def _answers(stage: StageEvidence, images: Mapping[Place, ImageInLog]) -> Iterator[Violation]:
    """Each image has an answer, exactly one where that is promised, and each answer is an image's."""
    results = Counter(answer.source for answer in stage.results)
    letters = Counter(answer.source for answer in stage.dead_letters)
    for place, image in images.items():
        count = results[place] + letters[place]
        if not count:
            yield Violation("Unanswered", f"{stage.name}: image {image.image_id} at {place} has no answer")
        elif count > 1 and stage.delivery == "ExactlyOnce":
            yield Violation("AnsweredTwice", f"{stage.name}: image {image.image_id} at {place} has {count} answers")
        if results[place] and letters[place]:
            yield Violation("ResultAndDeadLetter", f"{stage.name}: image {image.image_id} at {place} has both")
    for answer in (*stage.results, *stage.dead_letters):
        source = images.get(answer.source)
        if source is None or (source.image_id, source.key) != (answer.image_id, answer.key):
            yield Violation(
                "Stranger",
                f"{stage.name}: the answer at {answer.place} is for no image: {answer.image_id} {answer.key!r}",
            )


def _order(stage: StageEvidence) -> Iterator[Violation]:
    """Per key, answers come in the order of the images: all of them, or, where duplicates may be, the first of each."""
    for answers in (stage.results, stage.dead_letters):
        seen: set[Place] = set()
        last: dict[bytes | None, Answer] = {}
        for answer in answers:
            if stage.delivery == "AtLeastOnce" and answer.source in seen:
                continue
            seen.add(answer.source)
            before = last.get(answer.key)
            if before is not None and (before.place[0] != answer.place[0] or before.source >= answer.source):
                yield Violation(
                    "OutOfOrder",
                    f"{stage.name}: key {answer.key!r}: image {answer.source} is answered at {answer.place}, "
                    f"after image {before.source} at {before.place}",
                )
            last[answer.key] = answer


def _justice(stage: StageEvidence, bad: Mapping[str, bool]) -> Iterator[Violation]:
    """Dead letters are bad images, and bad images are dead letters."""
    for letter in stage.dead_letters:
        if not bad.get(letter.image_id, False):
            yield Violation("FalseDeadLetter", f"{stage.name}: good image {letter.image_id} failed: {letter.reason}")
    for result in stage.results:
        if bad.get(result.image_id, False):
            yield Violation("BadImageAnalyzed", f"{stage.name}: bad image {result.image_id} is a {result.label}")


def _likeness(stage: StageEvidence, files: Mapping[str, str]) -> Iterator[Violation]:
    """The same bytes get the same label, or an image has got another one's result."""
    labels: dict[str, set[str]] = defaultdict(set)
    for result in stage.results:
        if result.image_id in files:
            labels[files[result.image_id]].add(result.label)
    for file, found in labels.items():
        if len(found) > 1:
            yield Violation("MixedUp", f"{stage.name}: the same image {file} is {', '.join(sorted(found))}")


def _standstill(stage: StageEvidence, ends: Mapping[int, int]) -> Iterator[Violation]:
    """Each partition is read to its end, and no transaction was left open."""
    for partition, end in ends.items():
        committed = stage.committed.get(partition, 0)
        if committed != end:
            yield Violation("Stuck", f"{stage.name}: partition {partition} is committed to {committed} of {end}")
    for place in stage.unstable:
        yield Violation("Stuck", f"{stage.name}: an open transaction holds up the readers of {place}")


def _store(store: StoreEvidence, evidence: Evidence) -> Iterator[Violation]:
    """The service tells what the topics hold: each result once, each dead letter, each image's document."""
    results = {(stage.name, answer.image_id) for stage in evidence.stages for answer in stage.results}
    letters = {(stage.name, answer.place) for stage in evidence.stages for answer in stage.dead_letters}
    yield from _lists("results", results, store.results)
    yield from _lists("dead letters", letters, store.dead_letters)
    failed = {(stage.name, answer.image_id) for stage in evidence.stages for answer in stage.dead_letters}
    names = [stage.name for stage in evidence.stages]
    first: dict[str, Place] = {}
    for image in sorted(evidence.images, key=lambda image: image.place):
        first.setdefault(image.image_id, image.place)
    for image_id, place in first.items():
        document = store.documents.get(image_id)
        its_results = frozenset(name for name in names if (name, image_id) in results)
        its_failures = frozenset(name for name in names if (name, image_id) in failed)
        if document is None:
            yield Violation("StoreDiffers", f"image {image_id} has no document")
        elif (document.place, document.results, document.failures) != (place, its_results, its_failures):
            yield Violation(
                "StoreDiffers",
                f"image {image_id}: the topics have it at {place} with {sorted(its_results)} {sorted(its_failures)}, "
                f"its document says {document}",
            )


def _lists(
    what: str, topics: set[tuple[str, str]] | set[tuple[str, Place]], store: Sequence[object]
) -> Iterator[Violation]:
    counted = Counter(store)
    if twice := sum(count > 1 for count in counted.values()):
        yield Violation("StoreDiffers", f"{twice} {what} are in the store's list more than once")
    if missing := topics - set(counted):
        yield Violation("StoreDiffers", f"{len(missing)} {what} of the topics are not in the store: {_some(missing)}")
    if extra := set(counted) - topics:
        yield Violation("StoreDiffers", f"{len(extra)} {what} of the store are not in the topics: {_some(extra)}")


def _some(things: Iterable[object]) -> str:
    return ", ".join(sorted(map(str, things))[:3])
