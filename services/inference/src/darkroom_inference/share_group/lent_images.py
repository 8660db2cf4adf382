"""Images that a share group lends to a loop, one at a time or many. They have no order, and each has its own mark."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, cast

import structlog
from confluent_kafka import AcknowledgeType, IllegalStateException, KafkaException, Message, ShareConsumer

from darkroom_inference.kafka.errors import ClientsBroken, meaning
from darkroom_inference.kafka.marks import Mark, Verdict, failed_in_batch, verdict
from darkroom_inference.lifecycle.images_at_work import Position
from darkroom_inference.lifecycle.metrics import Metrics
from darkroom_inference.lifecycle.stopping import Pause
from darkroom_inference.records.image import ImageRecord
from darkroom_inference.share_group.limits import KNOWN_AFTER_S, KNOWN_DELIVERIES, SHARE_S, GroupLimits

log = structlog.get_logger(__name__)

_COMMIT_S: Final = 10.0
_AT_LIMIT, _ORDINARY, _OFTEN_LENT, _SUSPECTED = range(4)


@dataclass
class LentImages:
    """See `Intake`. Progress is the list of images whose results or dead letters Kafka has: they are accepted.

    What ends a process is not counted by deliveries, which count the other images of a batch, too, but by the parent
    processes of all workers. A suspect is analysed alone, after all other images that the loop was lent.

    Attributes:
        suspects: how often images ended a process of this worker. Its parent process knows.
        suspects_of_all: the same of all workers, for some partitions.
        images_in: how many images take a number of seconds.
        most_records: how many records the consumer asks for.
    """

    consumer: ShareConsumer
    limits: GroupLimits
    suspects: Callable[[], Mapping[Position, int]]
    suspects_of_all: Callable[[Iterable[int]], Mapping[Position, int]]
    images_in: Callable[[float], int]
    most_records: int
    metrics: Metrics
    pause: Pause
    clock: Callable[[], float] = time.monotonic
    _marks: dict[Position, Mark] = field(default_factory=dict, init=False)
    _waiting: deque[Message] = field(default_factory=deque, init=False)
    _in_hand: dict[Position, Message] = field(default_factory=dict, init=False)
    _lent_at: float = field(default=0.0, init=False)
    _repeating: bool = field(default=False, init=False)
    """The loop could not settle its images, and takes the same again, for as long as Kafka has trouble."""

    def consume(self, num_messages: int, timeout: float) -> list[Message]:
        """The next images that may be settled together."""
        if not self._waiting and not self._in_hand:
            if errors := self._poll(timeout):
                return errors
        elif not self._repeating and self.clock() - self._lent_at > self.limits.begin_within_s:
            self._release(self._waiting)
            self._waiting.clear()
        found: list[Message] = []
        while self._waiting and len(found) < num_messages:
            if self._is_settled_alone(self._waiting[0]):
                if not self._in_hand:
                    found.append(self._hand_out())
                break
            if any(self._is_settled_alone(message) for message in self._in_hand.values()):
                break
            found.append(self._hand_out())
        return found

    def still_owned(self, records: list[ImageRecord]) -> list[ImageRecord]:
        """All: nothing is lent to another worker in time."""
        return records

    def take(self, records: Sequence[ImageRecord], batch: int) -> None:
        """Nothing."""

    def next_group(self, records: Sequence[ImageRecord]) -> tuple[list[ImageRecord], list[ImageRecord], bool]:
        """The images before the first suspect; else the suspect alone."""
        first = next((n for n, record in enumerate(records) if self._is_suspect(_position(record))), len(records))
        alone = first == 0
        split = 1 if alone else first
        return list(records[:split]), list(records[split:]), alone

    def mark(self, suspect: ImageRecord) -> Mark:
        """The image's own mark."""
        return self._marks.get(_position(suspect), Mark(suspects=1))

    def verdict(self, suspect: ImageRecord, max_attempts: int) -> tuple[Verdict, int] | None:
        """As its mark says, or because the broker would soon drop the image."""
        mark = self.mark(suspect)
        if reason := verdict(mark, max_attempts):
            return reason, mark.attempts
        deliveries = _deliveries(self._in_hand[_position(suspect)])
        return ("DeliveryLimit", deliveries) if deliveries >= self.limits.last_delivery else None

    def start_attempt(self, suspect: ImageRecord, mark: Mark, within_s: float) -> bool:  # noqa: ARG002 - is immediate
        """The parent process sees the attempt in the shared memory."""
        self._marks[_position(suspect)] = mark
        return True

    def save(self, suspect: ImageRecord, mark: Mark) -> None:
        """Keep the mark."""
        self._marks[_position(suspect)] = mark

    def progress(
        self,
        done: Sequence[ImageRecord],
        mark: Mark,  # noqa: ARG002 - later records have their own
        failed: ImageRecord | None = None,
    ) -> Sequence[ImageRecord]:
        """`done`."""
        if failed is not None:
            self._marks[_position(failed)] = failed_in_batch()
        return done

    def commit(self, progress: Sequence[ImageRecord]) -> None:
        """Accept the images. If the broker does not, they are lent again, and processed twice."""
        if progress:
            for record in progress:
                self._acknowledge(self._in_hand[_position(record)], AcknowledgeType.ACCEPT)
            self._commit()

    def advance(self, progress: Sequence[ImageRecord]) -> None:
        """Forget the images."""
        self._repeating = False
        for record in progress:
            self._in_hand.pop(_position(record))
            self._marks.pop(_position(record), None)

    def postpone(self, progress: Sequence[ImageRecord]) -> None:
        """As `advance`: nothing is postponed."""
        self.advance(progress)

    def postponed(self, mark: Mark) -> Sequence[ImageRecord]:  # noqa: ARG002 - nothing is postponed
        """Nothing."""
        return ()

    def covers(self, records: Sequence[ImageRecord]) -> bool:  # noqa: ARG002 - no record depends on another
        """Always."""
        return True

    def rewind(self, records: Sequence[ImageRecord]) -> None:  # noqa: ARG002 - all that are in hand
        """Take the images in hand again. They are not released: each delivery brings the broker closer to its limit."""
        self._repeating = True
        self._waiting.extendleft(reversed(self._in_hand.values()))
        self._in_hand.clear()

    def close(self) -> None:
        """Release everything at once, so that other workers need not wait."""
        self._release([*self._in_hand.values(), *self._waiting])
        self._in_hand.clear()
        self._waiting.clear()

    def _poll(self, timeout: float) -> list[Message]:
        """Borrow images. Returns errors instead, if there are any."""
        if 2 * self.images_in(SHARE_S) < self.most_records:
            raise ClientsBroken(f"images take so long that {self.most_records} at once are too many for this loop")
        try:
            lent = list(self.consumer.poll(timeout))
        except KafkaException as raised:
            if meaning(raised.args[0]) == "Fatal":
                raise ClientsBroken(raised.args[0].str()) from raised
            self.metrics.kafka_error(raised.args[0])
            log.warning("kafka reports an error", error=raised.args[0].str())
            return []
        self._lent_at = self.clock()
        good = [message for message in lent if message.error() is None]
        if good:
            self._accuse(good)
            good.sort(key=self._order)
            self._waiting.extend(self._without_excess(good))
        return [message for message in lent if message.error() is not None]

    def _accuse(self, lent: Sequence[Message]) -> None:
        """Give suspects the mark that they have deserved in earlier processes, of this worker or of others."""
        again = {cast("int", message.partition()) for message in lent if _deliveries(message) > 1}
        if any(_deliveries(message) > KNOWN_DELIVERIES for message in lent):
            self.pause(KNOWN_AFTER_S)
        for suspects in (self.suspects(), self.suspects_of_all(again) if again else {}):
            for position, attempts in suspects.items():
                if position not in self._marks or attempts > self._marks[position].attempts:
                    self._marks[position] = Mark(suspects=1, attempts=attempts, in_hand=True)

    def _order(self, message: Message) -> tuple[int, int]:
        """Dead letters first, since they may not be lost; suspects last, since they may end the process.

        Images that were lent often may have a companion that ends every process that does not know it yet. Their order
        alternates, so that those before it and those after it get their turn.
        """
        deliveries, (_, offset) = _deliveries(message), _position_of(message)
        if deliveries >= self.limits.last_delivery:
            return _AT_LIMIT, offset
        if self._is_suspect(_position_of(message)):
            return _SUSPECTED, offset
        if deliveries > self.limits.deliveries_in_company:
            return _OFTEN_LENT, offset if deliveries % 2 else -offset
        return _ORDINARY, offset

    def _without_excess(self, lent: list[Message]) -> list[Message]:
        """Those of `lent` that the loop can process soon. The others are released for other workers."""
        rest = max(1, self.images_in(SHARE_S))
        kept: list[Message] = []
        excess: list[Message] = []
        for message in lent:
            rest -= 1
            may_be_released = (
                self._order(message)[0] == _ORDINARY and _deliveries(message) <= self.limits.shared_deliveries
            )
            (excess if rest < 0 and may_be_released else kept).append(message)
        self._release(excess)
        return kept

    def _hand_out(self) -> Message:
        message = self._waiting.popleft()
        self._in_hand[_position_of(message)] = message
        return message

    def _is_settled_alone(self, message: Message) -> bool:
        return _deliveries(message) > self.limits.deliveries_in_company or self._is_suspect(_position_of(message))

    def _is_suspect(self, position: Position) -> bool:
        message = self._in_hand.get(position)
        at_limit = message is not None and _deliveries(message) >= self.limits.last_delivery
        return at_limit or position in self._marks

    def _release(self, messages: Iterable[Message]) -> None:
        released = 0
        for message in messages:
            self._acknowledge(message, AcknowledgeType.RELEASE)
            released += 1
        if released:
            self._commit()

    def _acknowledge(self, message: Message, kind: AcknowledgeType) -> None:
        try:
            self.consumer.acknowledge(message, kind)
        except IllegalStateException as error:
            log.warning("image is no longer lent to this loop", error=str(error))

    def _commit(self) -> None:
        """Send the acknowledgements. Those that fail are not repeated: the broker lends the images again."""
        try:
            refusals = list(self.consumer.commit_sync(_COMMIT_S).values())
        except KafkaException as raised:
            if meaning(raised.args[0]) == "Fatal":
                raise ClientsBroken(raised.args[0].str()) from raised
            refusals = [raised]
        for refusal in refusals:
            if refusal is not None:
                self.metrics.kafka_error(refusal.args[0])
                self.metrics.retry("offsets")
                log.warning("images not acknowledged, they may be analysed twice", error=refusal.args[0].str())


def _position(record: ImageRecord) -> Position:
    return record.partition, record.offset


def _position_of(message: Message) -> Position:
    return cast("int", message.partition()), cast("int", message.offset())


def _deliveries(message: Message) -> int:
    return message.delivery_count() or 1
