"""Latencies in fixed logarithmic buckets: two for every doubling, from 1 ms to 2 days."""

from bisect import bisect_left
from collections.abc import Mapping

BOUNDS_MS = tuple(2 ** (number / 2) for number in range(2 * 28))
"""The upper bounds of the buckets. One more bucket has all greater latencies."""


def bucket_of(latency_ms: int) -> int:
    """The number of the bucket of a latency. Negative ones, which clocks that differ lead to, are in the first."""
    return bisect_left(BOUNDS_MS, latency_ms)


def quantile(buckets: Mapping[int, int], share: float) -> float:
    """The latency in milliseconds that `share` (0 to 1) of all are below, interpolated linearly within its bucket.

    Args:
        buckets: the number of latencies in each bucket, at least one in all.
        share: the quantile.
    """
    rank, below = share * sum(buckets.values()), 0
    for number, count in sorted(buckets.items()):
        if below + count >= rank:
            lower = BOUNDS_MS[number - 1] if number else 0.0
            upper = BOUNDS_MS[min(number, len(BOUNDS_MS) - 1)]
            return lower + (upper - lower) * (rank - below) / count
        below += count
    return BOUNDS_MS[-1]
