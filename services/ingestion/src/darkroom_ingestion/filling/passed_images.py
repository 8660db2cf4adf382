"""Decides which partitions of images are filled with passed images instead of records of Kafka. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from darkroom.backoff import Backoff
from darkroom.kafka.log import TopicPartition
from darkroom_ingestion.records.answers import ReceivedImage

_MOST_HELD = 20_000
_MEASURED_S = 1.0
_FEWEST = 5
"""Passed images of a partition in `_MEASURED_S`: below, reading them from Kafka costs little."""
_GAP_S = 0.3
_QUIET_S = 1.0
_LASTING_S = 10.0
_FIRST_WAIT_S, _LAST_WAIT_S = 1.0, 60.0


@dataclass
class Turn:
    """What to do next.

    Attributes:
        images: for partitions that are not fetched, the images that follow their positions, without gaps.
        pause: the partitions that need not be fetched from now on.
        fetch: the partitions that are to be fetched again, from the position after `images`.
    """

    images: dict[TopicPartition, list[ReceivedImage]] = field(default_factory=dict)
    pause: list[TopicPartition] = field(default_factory=list)
    fetch: list[TopicPartition] = field(default_factory=list)


@dataclass
class _Partition:
    measured_at: float
    heard_at: float
    held: dict[int, ReceivedImage] = field(default_factory=dict)
    arrived: int = 0
    passed_since: float | None = None
    moved_at: float = 0.0
    gap_since: float | None = None
    fetched_until: float = 0.0
    wait: Backoff = field(default_factory=lambda: Backoff(_FIRST_WAIT_S, _LAST_WAIT_S))

    def add(self, image: ReceivedImage, now_s: float) -> None:
        """Hold an image that has arrived."""
        if now_s - self.measured_at >= _MEASURED_S:
            self.measured_at, self.arrived = now_s, 0
        self.arrived += 1
        self.heard_at = now_s
        self.held[image.offset] = image

    def forget_before(self, position: int) -> None:
        """Forget images that the store has."""
        if self.held and min(self.held) < position:
            self.held = {offset: image for offset, image in self.held.items() if offset >= position}

    def has_no_gap(self, position: int) -> bool:
        """Whether the held images, if there are any, follow `position`."""
        return not self.held or (position in self.held and max(self.held) - position < len(self.held))

    def take(self, position: int) -> list[ReceivedImage]:
        """The held images that follow `position`."""
        taken: list[ReceivedImage] = []
        while (image := self.held.pop(position + len(taken), None)) is not None:
            taken.append(image)
        return taken


class PassedImages:
    """Images that HTTP processes have passed, of the partitions that this process reads.

    A partition is fetched unless passed images cover it: while several a second are passed and follow its position
    without a gap. It is fetched again when a gap lasts, because other producers or replicas write to it too or passed
    images were lost, and when nothing follows for a while: its last record may be somebody else's. After gaps, it is
    fetched for longer each time.
    """

    def __init__(self) -> None:
        self._partitions: dict[TopicPartition, _Partition] = {}
        self._held = 0

    @property
    def expects_more(self) -> bool:
        """Whether images have been passed recently."""
        return bool(self._partitions)

    def forget(self) -> None:
        """Forget everything: partitions have been assigned or revoked, and all are fetched."""
        self._partitions, self._held = {}, 0

    def is_passed(self, at: TopicPartition) -> bool:
        """Whether the partition is not fetched."""
        partition = self._partitions.get(at)
        return partition is not None and partition.passed_since is not None

    def add(self, images: Iterable[ReceivedImage], now_s: float) -> None:
        """Add passed images. Those that exceed the limit are dropped."""
        for image in images:
            if self._held >= _MOST_HELD:
                return
            at = TopicPartition(image.topic, image.partition)
            partition = self._partitions.get(at)
            if partition is None:
                partition = self._partitions[at] = _Partition(now_s, now_s)
            partition.add(image, now_s)
            self._held += 1

    def turn(self, positions: Mapping[TopicPartition, int], now_s: float) -> Turn:
        """What to do now. `positions` has the next offset to store of each assigned partition."""
        turn = Turn()
        for at, partition in list(self._partitions.items()):
            if at in positions:
                self._decide(at, partition, positions[at], now_s, turn)
            else:
                del self._partitions[at]
        self._held = sum(len(partition.held) for partition in self._partitions.values())
        return turn

    def _decide(self, at: TopicPartition, partition: _Partition, position: int, now_s: float, turn: Turn) -> None:
        partition.forget_before(position)
        is_quiet = now_s - partition.heard_at >= _QUIET_S
        if partition.passed_since is None:
            if is_quiet and now_s >= partition.fetched_until:
                del self._partitions[at]
                return
            if (
                is_quiet
                or partition.arrived < _FEWEST
                or now_s < partition.fetched_until
                or not partition.has_no_gap(position)
            ):
                return
            partition.passed_since = partition.moved_at = now_s
            turn.pause.append(at)
        if taken := partition.take(position):
            turn.images[at] = taken
            partition.moved_at, partition.gap_since = now_s, None
        if not partition.held:
            partition.gap_since = None
        elif partition.gap_since is None:
            partition.gap_since = now_s
        has_gap = partition.gap_since is not None and now_s - partition.gap_since >= _GAP_S
        if not has_gap and now_s - partition.moved_at < _QUIET_S:
            return
        if now_s - partition.passed_since >= _LASTING_S:
            partition.wait.reset()
        if has_gap or not is_quiet:
            # What is not quiet, but does not move either, is a topic that has been recreated.
            partition.fetched_until = now_s + partition.wait.next_s()
        partition.passed_since = partition.gap_since = None
        partition.arrived = 0
        turn.fetch.append(at)
