"""A loop whose log, group and model a test controls."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from confluent_kafka import Consumer, Message, TopicPartition

from darkroom.api.execution import Batch, Execution
from darkroom_inference.kafka.marks import CLEAN, Mark
from darkroom_inference.kafka.offsets import Offsets, Positions
from darkroom_inference.kafka.threaded_call import ThreadedCall
from darkroom_inference.lifecycle.loop_state import LoopState
from darkroom_inference.lifecycle.metrics import Metrics
from darkroom_inference.loop.assignment import Assignment
from darkroom_inference.loop.batches import BatchSize
from darkroom_inference.loop.exclusive import ExclusiveTurn
from darkroom_inference.loop.owned_partitions import OwnedPartitions
from darkroom_inference.loop.turn import BatchWork
from darkroom_inference.records.answers import Answers, ModelFailed
from darkroom_inference.records.dead_letter import dead_letter
from darkroom_inference.records.image import ImageRecord
from darkroom_inference.records.outgoing import Outgoing
from tests.support.services.image_records import example_settings
from tests.support.until import until

if TYPE_CHECKING:
    from darkroom_inference.kafka.delivery import Delivery


class FakeMessage:
    """An image in the log."""

    def __init__(self, offset: int, value: bytes) -> None:
        self._offset, self._value = offset, value

    def error(self) -> None:
        return None

    def topic(self) -> str:
        return "demo.digits.images"

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return self._offset

    def key(self) -> bytes:
        return b"k"

    def value(self) -> bytes:
        return self._value

    def headers(self) -> None:
        return None

    def timestamp(self) -> tuple[int, int]:
        return 1, 1_000


@dataclass
class FakeKafka:
    """One partition with its group: source, offsets and delivery of a loop."""

    images: Sequence[bytes]
    position: int = 0
    committed_mark: tuple[int | None, Mark] = (None, CLEAN)
    marks: list[Mark] = field(default_factory=list)
    published: list[Outgoing] = field(default_factory=list)
    before_commit: Callable[[Mark], None] = lambda _mark: None
    publishes_early: bool = True

    def consume(self, num_messages: int, _timeout: float) -> list[Message]:
        first, self.position = self.position, min(self.position + num_messages, len(self.images))
        return [cast("Message", FakeMessage(at, self.images[at])) for at in range(first, self.position)]

    def seek(self, position: TopicPartition) -> None:
        self.position = position.offset

    def committed(self, partitions: list[int]) -> dict[int, tuple[int | None, Mark]]:
        return dict.fromkeys(partitions, self.committed_mark)

    def commit(self, positions: Positions) -> None:
        self.before_commit(positions[0][1])
        self.committed_mark = positions[0]
        self.marks.append(positions[0][1])

    def start_commit(self, positions: Positions) -> ThreadedCall[None]:
        return ThreadedCall("commit", lambda: self.commit(positions))

    def wait_for(self, commit: ThreadedCall[None]) -> None:
        until(lambda: commit.ended(1), "the commit's end")

    def publish(self, outgoing: Outgoing) -> None:
        self.published.append(outgoing)

    def send(self) -> None:
        """Does nothing: a batch is published when it is settled."""

    def settle(self, positions: Positions) -> Sequence[Outgoing]:
        if positions:
            self.commit(positions)
        return []

    def forget(self) -> None:
        """Does nothing: no records are kept."""


class FakeModel:
    """A model that fails on `bad` images."""

    def __init__(self) -> None:
        self.seen: list[bytes] = []
        self.runs: list[int] = []
        self.together: list[int] = []
        self.busy: Callable[[], bool] = lambda: False

    @property
    def model_is_busy(self) -> bool:
        return self.busy()

    def answer_together(
        self, records: Sequence[ImageRecord], at_once: int, turn: Callable[[], AbstractContextManager[None]]
    ) -> list[Outgoing | ModelFailed | None]:
        self.together.append(len(records))
        answers: list[Outgoing | ModelFailed | None] = []
        for start in range(0, len(records), at_once):
            with turn():
                group = records[start : start + at_once]
                self.runs.append(len(group))
                for record in group:
                    try:
                        answers.append(self.answer(record))
                    except ModelFailed as failed:
                        return [*answers, failed]
        return answers

    def report(self) -> None:
        pass

    def answer(self, record: ImageRecord) -> Outgoing | None:
        self.seen.append(record.value or b"")
        if record.value == b"bad":
            raise ModelFailed("the model can't")
        return Outgoing("results", record.key, record.value, [])

    def failed(self, record: ImageRecord, reason: str, message: str, *, attempts: int = 1) -> Outgoing:
        return dead_letter(record, example_settings(), reason, message, attempts=attempts)


def work(
    kafka: FakeKafka,
    model: FakeModel,
    turn: ExclusiveTurn | None = None,
    max_attempts: int = 3,
    batch: Batch = Batch(),  # noqa: B008 - immutable
    commit_every_s: float = 0.0,
) -> BatchWork[Positions]:
    settings = example_settings()
    stage = settings.stage.model_copy(update={"max_attempts": max_attempts, "execution": Execution(batch=batch)})
    metrics = Metrics()
    offsets = cast("Offsets", kafka)
    assignment = Assignment(LoopState(0), offsets, metrics)
    assignment.on_assign(cast("Consumer", None), [TopicPartition(settings.images_topic, 0)])
    return BatchWork(
        settings.model_copy(update={"stage": stage}),
        OwnedPartitions(settings.images_topic, kafka, assignment, offsets),
        cast("Delivery[Positions]", kafka),
        cast("Answers", model),
        turn or ExclusiveTurn(),
        metrics,
        pause=lambda _seconds: None,
        size=BatchSize(least=batch.max),
        commit_every_s=commit_every_s,
        mark_commit_s=0.05,
    )
