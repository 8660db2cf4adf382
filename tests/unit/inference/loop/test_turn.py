"""A loop's turn, with a log and a group that the test controls."""

import threading

import pytest
from confluent_kafka import KafkaError, KafkaException

from darkroom.api.execution import Batch
from darkroom.api.quantities import Duration
from darkroom_inference.kafka.marks import CLEAN, Mark, held
from darkroom_inference.loop.batches import BatchSize
from darkroom_inference.loop.exclusive import ExclusiveTurn
from darkroom_inference.records.outgoing import Outgoing
from tests.support.services.turns import FakeKafka, FakeModel, work
from tests.support.until import until


def header(outgoing: Outgoing, name: str) -> str:
    return (dict(outgoing.headers)[name] or b"").decode()


def test_marks_say_how_many_images_a_loop_takes_at_once() -> None:
    kafka = FakeKafka([b"good"] * 200)
    loop = work(kafka, FakeModel())
    sizes: list[int] = []
    while kafka.position < 200:
        before = kafka.committed_mark[1].batch
        settled = kafka.committed_mark[0] or 0
        loop.turn()
        sizes.append((kafka.committed_mark[0] or 0) - settled)
        assert sizes[-1] <= max(before, 1)
    assert sizes[0] == 1
    assert max(sizes) > 1


@pytest.mark.parametrize("commit_every_s", [0.0, 1e-9])
def test_marks_promise_little_while_few_images_come_at_once_and_grow_with_a_backlog(commit_every_s: float) -> None:
    kafka, model = FakeKafka([b"good"]), FakeModel()
    loop = work(kafka, model, commit_every_s=commit_every_s)
    for images in range(1, 300):
        kafka.images = [b"good"] * images
        loop.turn()
    assert max(mark.batch for mark in kafka.marks) == kafka.marks[-1].batch == 4
    kafka.images = [b"good"] * 1_000
    before = len(kafka.marks)
    while len(model.seen) < 1_000:
        loop.turn()
    assert {8, 16, 32, 64} <= {mark.batch for mark in kafka.marks[before:]}


def test_batches_share_a_commit_and_the_mark_covers_all_of_them() -> None:
    kafka, model = FakeKafka([b"good"]), FakeModel()
    loop = work(kafka, model, commit_every_s=1_000)
    for images in range(1, 500):
        kafka.images = [b"good"] * images
        loop.turn()
        committed, mark = kafka.committed_mark
        assert images - (committed or 0) <= mark.batch
    assert len(model.seen) == 499
    assert len(kafka.marks) < 100


def test_offsets_that_wait_are_committed_while_no_images_arrive() -> None:
    kafka = FakeKafka([b"good"])
    loop = work(kafka, FakeModel(), commit_every_s=0.01)
    loop.turn()
    assert kafka.committed_mark[0] == 0

    def is_committed() -> bool:
        loop.turn()
        return kafka.committed_mark[0] == 1

    until(is_committed, "the commit")
    assert loop.intake.postponed(CLEAN) == {}


def test_a_failure_is_committed_at_once() -> None:
    kafka = FakeKafka([b"good", b"good", b"bad"])
    loop = work(kafka, FakeModel(), commit_every_s=1_000)
    while kafka.position < 3:
        loop.turn()
    assert Mark(suspects=1, attempts=1) in kafka.marks
    assert kafka.committed_mark[0] == 3


def test_a_suspect_is_not_tried_and_blocks_no_loop_if_its_mark_is_late() -> None:
    kafka = FakeKafka([b"good"], committed_mark=(0, Mark(suspects=1)))
    asked, may_answer = threading.Event(), threading.Event()

    def away(mark: Mark) -> None:
        if mark.in_hand:
            asked.set()
            assert may_answer.wait(30)

    kafka.before_commit = away
    model, turn = FakeModel(), ExclusiveTurn()
    loop = work(kafka, model, turn)
    thread = threading.Thread(target=loop.turn)
    thread.start()
    try:
        assert asked.wait(10)
        with turn.shared(lambda _seconds: None):
            assert model.seen == []
    finally:
        may_answer.set()
        thread.join(30)
    assert model.seen == [b"good"]
    attempted = Mark(suspects=1, attempts=1, in_hand=True)
    # The late mark is withdrawn before the image is tried, so no attempt is counted.
    assert kafka.marks[:2] == [attempted, Mark(suspects=1)]
    assert kafka.marks[2:] == [attempted, Mark(suspects=1), held(1)]


def test_a_mark_that_kafka_refuses_is_no_attempt() -> None:
    kafka, model = FakeKafka([b"good"], committed_mark=(0, Mark(suspects=1))), FakeModel()
    refusals = iter([True])

    def refuse_once(mark: Mark) -> None:
        if mark.in_hand and next(refusals, False):
            raise KafkaException(KafkaError(KafkaError.COORDINATOR_LOAD_IN_PROGRESS))

    kafka.before_commit = refuse_once
    work(kafka, model).turn()
    assert model.seen == [b"good"]
    assert kafka.marks[0] == Mark(suspects=1)


def test_no_commit_but_that_of_the_attempt_is_made_while_others_wait() -> None:
    turn, kafka = ExclusiveTurn(), FakeKafka([b"good"], committed_mark=(0, Mark(suspects=1)))
    alone: list[tuple[bool, bool]] = []
    kafka.before_commit = lambda mark: alone.append((mark.in_hand, turn._alone))
    work(kafka, FakeModel(), turn).turn()
    assert alone == [(True, True), (False, False), (False, False)]


@pytest.mark.parametrize(("max_attempts", "tried"), [(1, 1), (2, 2), (3, 3)])
def test_the_error_of_the_model_is_in_the_dead_letter(max_attempts: int, tried: int) -> None:
    kafka, model = FakeKafka([b"bad", b"good"]), FakeModel()
    loop = work(kafka, model, max_attempts=max_attempts)
    while len(kafka.published) < 2:
        loop.turn()
    letter, result = kafka.published
    assert model.seen.count(b"bad") == tried
    assert header(letter, "darkroom-error-reason") == "InferenceError"
    assert header(letter, "darkroom-error-message") == "the model can't"
    assert header(letter, "darkroom-error-attempts") == str(max_attempts)
    assert result.value == b"good"


def test_the_model_runs_on_at_most_max_images_in_order() -> None:
    kafka, model = FakeKafka([f"{n}".encode() for n in range(50)]), FakeModel()
    loop = work(kafka, model, batch=Batch(max=8))
    while kafka.position < 50:
        loop.turn()
    # The first turn has no mark that allows more than one image.
    assert model.runs[:2] == [1, 8]
    assert max(model.runs) == 8
    assert [outgoing.value for outgoing in kafka.published] == list(kafka.images)


def test_an_image_on_which_the_model_fails_in_a_run_is_tried_alone_and_no_other_is_marked() -> None:
    kafka, model = FakeKafka([b"good", *[b"good"] * 3, b"bad", *[b"good"] * 3]), FakeModel()
    loop = work(kafka, model, batch=Batch(max=4))
    while len(kafka.published) < 8:
        loop.turn()
    assert [bool(outgoing.reason) for outgoing in kafka.published] == [n == 4 for n in range(8)]
    assert header(kafka.published[4], "darkroom-error-attempts") == "3"
    assert {mark.suspects for mark in kafka.marks} == {0, 1}


class KnownTime(BatchSize):
    """Batches of a model that takes 10 ms for an image."""

    def __init__(self) -> None:
        super().__init__(seconds_per_image=0.01)

    def learn(self, images: int, seconds: float) -> None:
        pass


@pytest.mark.parametrize(
    ("publishes_early", "together"),
    [(True, [1, *[2] * 2, *[2] * 4, *[2] * 8, 10, 10, 5]), (False, [1, 4, 8, 16, 25])],
)
def test_results_are_made_together_with_a_backlog_or_if_the_whole_batch_is_published_at_once(
    publishes_early: bool, together: list[int]
) -> None:
    images = [f"{n}".encode() for n in range(54)]
    kafka, model = FakeKafka(images, publishes_early=publishes_early), FakeModel()
    loop = work(kafka, model)
    loop.size = KnownTime()
    for _ in range(5):
        loop.turn()
    assert model.together == together
    assert max(model.runs) == 2
    assert [outgoing.value for outgoing in kafka.published] == images


@pytest.mark.parametrize(("looks_busy", "run"), [(0, 2), (5, 4)])
def test_a_loop_waits_for_more_images_only_while_the_model_is_busy(looks_busy: int, run: int) -> None:
    kafka, model = FakeKafka([b"good"] * 3), FakeModel()
    loop = work(kafka, model, batch=Batch(max=4, window=Duration("1s")))
    loop.turn()
    looks = iter([True] * looks_busy)

    def busy() -> bool:
        more = next(looks, False)
        if more:  # two more images arrive meanwhile
            kafka.images = [b"good"] * 5
        return more

    model.busy = busy
    loop.turn()
    assert model.runs[1:] == [run]


def test_a_window_ends_although_the_model_stays_busy() -> None:
    kafka, model = FakeKafka([b"good"] * 3), FakeModel()
    loop = work(kafka, model, batch=Batch(max=8, window=Duration("20ms")))
    model.busy = lambda: True
    loop.turn()
    loop.turn()
    assert model.runs == [1, 2]
