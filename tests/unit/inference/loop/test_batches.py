"""Which images go together, how many, and who may analyse when."""

import threading

from hypothesis import given
from hypothesis import strategies as st

from darkroom_inference.loop.batches import MAX_BATCH, BatchSize, next_group
from darkroom_inference.loop.exclusive import Gate
from darkroom_inference.records.image import ImageRecord
from tests.support.until import until


def record(partition: int, offset: int) -> ImageRecord:
    return ImageRecord("images", partition, offset, None, b"", [], None)


records = st.lists(st.integers(0, 3), max_size=30).map(
    lambda partitions: [
        record(partition, partitions[:place].count(partition)) for place, partition in enumerate(partitions)
    ]
)


@given(records, st.dictionaries(st.integers(0, 3), st.integers(0, 3)))
def test_groups_keep_the_order_of_each_partition_and_every_suspect_is_alone(
    taken: list[ImageRecord], suspects: dict[int, int]
) -> None:
    left, seen = dict(suspects), []
    rest = taken
    while rest:
        group, rest, alone = next_group(rest, left)
        assert group
        assert alone == (left.get(group[0].partition, 0) > 0)
        if alone:
            assert len(group) == 1
            left[group[0].partition] -= 1
        seen += group
    for partition in range(4):
        assert [r for r in seen if r.partition == partition] == [r for r in taken if r.partition == partition]


def test_a_slow_model_gets_one_image_at_a_time_and_a_fast_one_many() -> None:
    size = BatchSize()
    assert size.images == 1
    for _ in range(30):
        size.learn(size.images, size.images * 0.001)
    assert size.images == MAX_BATCH
    size.learn(size.images, size.images * 2.0)
    assert size.images == 1


def test_who_is_alone_waits_for_all_others_and_they_for_it() -> None:
    gate = Gate()
    inside: list[str] = []
    may_leave = threading.Event()

    def share(name: str) -> None:
        with gate.shared():
            inside.append(name)
            may_leave.wait(10)
            inside.remove(name)

    def be_alone() -> None:
        with gate.alone():
            inside.append("alone")
            assert inside == ["alone"]
            inside.remove("alone")
        done.append("alone")

    done: list[str] = []
    first = [threading.Thread(target=share, args=(name,)) for name in ("a", "b")]
    alone, late = threading.Thread(target=be_alone), threading.Thread(target=share, args=("late",))
    for thread in first:
        thread.start()
    until(lambda: len(inside) == 2, "two at once")
    alone.start()
    until(lambda: gate._waiting_to_be_alone == 1, "somebody who waits to be alone")
    late.start()
    assert done == []
    may_leave.set()
    for thread in (*first, alone, late):
        thread.join(10)
    assert (done, inside) == (["alone"], [])
