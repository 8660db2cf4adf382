"""Latencies in buckets, and their quantiles."""

import numpy as np
import pytest

from darkroom_ingestion.store.counts.latencies import BOUNDS_MS, bucket_of, quantile


@pytest.mark.parametrize(("latency_ms", "bucket"), [(-5, 0), (1, 0), (2, 2), (3, 4), (1_024, 20), (10**15, 56)])
def test_a_latency_is_in_the_bucket_whose_upper_bound_it_does_not_exceed(latency_ms: int, bucket: int) -> None:
    assert bucket_of(latency_ms) == bucket


def test_quantiles_differ_from_the_exact_ones_by_less_than_a_bucket() -> None:
    latencies = np.random.default_rng(1).lognormal(4, 1, 10_000).astype(int)
    numbers, counts = np.unique([bucket_of(latency) for latency in latencies], return_counts=True)
    buckets = dict(zip(numbers.tolist(), counts.tolist(), strict=True))
    for share in (0.5, 0.95, 0.99):
        assert quantile(buckets, share) == pytest.approx(np.quantile(latencies, share), rel=0.2)


def test_latencies_of_the_last_bucket_count_as_its_bound() -> None:
    assert quantile({len(BOUNDS_MS): 3}, 0.5) == BOUNDS_MS[-1]
