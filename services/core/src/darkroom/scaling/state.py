"""What the rule remembers of a stage between two decisions. It is lost when the program restarts."""

from dataclasses import dataclass

from darkroom.kafka.lag import PartitionOffsets


@dataclass(frozen=True)
class Reading:
    """The offsets of all partitions at one time, and the number of workers that were ready.

    `is_rough` says that this number had just changed, so that partitions were moving.
    """

    at: float
    partitions: tuple[PartitionOffsets, ...]
    ready: int
    is_rough: bool = False


@dataclass(frozen=True)
class Need:
    """The number of workers that were needed at one time."""

    at: float
    workers: int


@dataclass(frozen=True)
class Trial:
    """A scale-up whose gain is not known yet.

    Attributes:
        replicas: number of workers after it.
        before: images per second before it, while there was a backlog.
        ready_at: when all of them were ready; None if they are not.
        start: the reading from which the throughput after it is measured.
    """

    replicas: int
    before: float
    ready_at: float | None = None
    start: Reading | None = None


@dataclass(frozen=True)
class State:
    """What the rule remembers.

    Attributes:
        last: the last reading without unknown offsets.
        span: the reading from which the rate of a worker is measured.
        rate_in: images per second that arrive, smoothed.
        worker_rate: images per second of a worker that is always busy.
        is_rough: whether `worker_rate` was measured while workers were joining or leaving.
        throughput: images per second of all workers, as last measured during the present backlog.
        needs: the workers needed during the last scale-down delay, oldest first.
        needs_since: from when on `needs` has no gap.
        active_at: when images last arrived or waited.
        progress_at: when offsets were last committed, or there was nothing to do or nobody to do it.
        up_at: when workers were last added.
        down_at: when workers were last removed.
        trial: the last scale-up, until its gain is known.
        no_gain_since: when the last scale-up was found to bring nothing; None after one that did.
    """

    last: Reading | None = None
    span: Reading | None = None
    rate_in: float | None = None
    worker_rate: float | None = None
    is_rough: bool = False
    throughput: float | None = None
    needs: tuple[Need, ...] = ()
    needs_since: float | None = None
    active_at: float | None = None
    progress_at: float | None = None
    up_at: float | None = None
    down_at: float | None = None
    trial: Trial | None = None
    no_gain_since: float | None = None
