"""The limits of mode Queue.

A share group lends a record for `share.record.lock.duration.ms`, then another worker gets it. librdkafka 2.16 can't
renew the loan (KIP-1222). Therefore a worker returns what it has not begun within half of that time, and a run of the
model may take a little less than the other half. The rest is for publishing the results.

The group lends a record `share.delivery.count.limit` times, then it drops it. And it always lends the whole batch of a
producer, whatever `max.poll.records` says: librdkafka 2.16 does not know its mode `record_limit` (KIP-1206). If that is
more than a worker can process soon, it returns the rest for others, but only a few times.
"""

from dataclasses import dataclass
from typing import Final

LEAST_LOCK_S: Final = 15.0
MOST_LOCK_S: Final = 60.0
"""Source: Kafka 4.3, defaults of `group.share.min.record.lock.duration.ms` and `group.share.max…`."""

MOST_DELIVERIES: Final = 10
"""Source: Kafka 4.3, default of `group.share.max.delivery.count.limit`."""

MOST_RECORDS: Final = 16
"""How many records a loop asks for at most."""

SHARE_S: Final = 2.0
"""How much work a loop keeps of what it is lent at once, if it returns the rest."""

KNOWN_AFTER_S: Final = 0.3
"""So long after a process ended, the other workers can read which image did it. They may have the image sooner."""

KNOWN_DELIVERIES: Final = 2
"""An image that was lent more often may have ended a process so recently: a loop waits before it begins with it."""


@dataclass(frozen=True)
class GroupLimits:
    """The limits of a share group.

    Attributes:
        lock_s: how long a record is lent.
        deliveries: how often a record is lent before the broker drops it.
    """

    lock_s: float
    deliveries: int

    @property
    def begin_within_s(self) -> float:
        """Within this time after records were lent, a loop must have begun with them."""
        return self.lock_s / 2

    @property
    def shared_deliveries(self) -> int:
        """Images that were lent more often are kept, so that their deliveries suffice for the work on a large batch."""
        return self.deliveries // 3

    @property
    def deliveries_in_company(self) -> int:
        """Images that were lent more often are settled one by one: one of them may have ended processes."""
        return self.deliveries * 2 // 5

    @property
    def last_delivery(self) -> int:
        """The delivery at which an image becomes a dead letter without another attempt.

        One before the broker's last, so that the image is not lost if the worker ends before it has published it.
        """
        return max(2, self.deliveries - 1)


def wanted_limits(image_deadline_s: float, images_per_run: int) -> GroupLimits:
    """The limits that suit a stage, within the defaults of Kafka's bounds."""
    lock_s = min(MOST_LOCK_S, max(LEAST_LOCK_S, 2 * image_deadline_s * images_per_run))
    return GroupLimits(lock_s, MOST_DELIVERIES)


def longest_run_s(image_deadline_s: float, images_per_run: int) -> float:
    """The most time for a run of the model, so that the group does not lend its images to another worker meanwhile."""
    return wanted_limits(image_deadline_s, images_per_run).lock_s * 5 / 12
