"""The partition of a key, and the time in an id."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom_ingestion.images.ids import new_image_id
from darkroom_ingestion.log_trace.partitions import _murmur2, partition_of, time_of_id


@pytest.mark.parametrize(
    ("key", "hashed"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_the_hash_is_that_of_kafka(key: bytes, hashed: int) -> None:
    """Expected values: Kafka, UtilsTest.testMurmur2."""
    assert _murmur2(key) == hashed % 2**32


@given(st.binary(), st.integers(1, 300))
def test_every_key_has_a_partition(key: bytes, partitions: int) -> None:
    assert 0 <= partition_of(key, partitions) < partitions


@given(st.integers(0, 2**48 * 1_000_000 - 1))
def test_an_id_has_the_time_at_which_it_was_made(nanoseconds: int) -> None:
    assert time_of_id(new_image_id(nanoseconds)) == nanoseconds // 1_000_000


@pytest.mark.parametrize("other", ["camera-7", "demo.digits.images-3-41", "0b9f1c52-6f0e-4d1a-9b1c-2f4f0f0c7a11", ""])
def test_other_ids_have_no_time(other: str) -> None:
    assert time_of_id(other) is None
