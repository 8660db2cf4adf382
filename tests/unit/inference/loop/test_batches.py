"""The size of batches, and which images are in a batch."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from darkroom_inference.loop.batches import MAX_BATCH, MAX_PROMISED, BatchSize, next_group
from darkroom_inference.records.image import ImageRecord


def record(partition: int, offset: int) -> ImageRecord:
    return ImageRecord("images", partition, offset, None, b"", [], None)


records = st.lists(st.integers(0, 3), max_size=30).map(
    lambda partitions: [
        record(partition, partitions[:index].count(partition)) for index, partition in enumerate(partitions)
    ]
)


@given(records, st.lists(st.integers(0, 3), min_size=4, max_size=4), st.integers(1, 5))
def test_groups_keep_the_order_of_each_partition_and_every_suspect_is_alone(
    taken: list[ImageRecord], suspects: list[int], batch: int
) -> None:
    left, seen = list(suspects), []
    rest = taken
    while rest:
        group, rest, alone = next_group(rest, {n: 0 if left[n] else batch for n in range(4)})
        assert group
        assert alone == (left[group[0].partition] > 0)
        if alone:
            assert len(group) == 1
            left[group[0].partition] -= 1
        assert all(count <= batch for count in Counter(record.partition for record in group).values())
        seen += group
    for partition in range(4):
        assert [r for r in seen if r.partition == partition] == [r for r in taken if r.partition == partition]


def test_a_slow_model_gets_one_image_at_a_time_and_a_fast_one_many() -> None:
    size = BatchSize()
    assert size.images == 1
    for _ in range(30):
        size.learn(size.images, size.images * 0.0005)
    assert (size.images, size.promised) == (MAX_BATCH, MAX_PROMISED)
    size.learn(size.images, size.images * 2.0)
    assert (size.images, size.promised) == (1, 1)


def test_one_image_that_took_long_does_not_shrink_the_next_batches_to_one() -> None:
    size = BatchSize(seconds_per_image=0.0005)
    size.learn(images=1, seconds=0.1)
    assert size.images > 10
    size.learn(size.images, size.images * 0.0005)
    assert size.images > 40


def test_a_batch_fills_a_run_of_the_model_however_slow_the_model_is() -> None:
    size = BatchSize(least=8)
    size.learn(images=1, seconds=10)
    assert size.images == 8


def test_images_that_take_a_time_are_counted_by_the_estimate_and_at_least_one() -> None:
    size = BatchSize()
    assert size.images_in(0.005) == 1
    for _ in range(50):
        size.learn(100, 0.05)
    assert size.images_in(0.005) in {9, 10}
    size.learn(1, 1.0)
    assert size.images_in(0.005) == 1
