"""What the parent of a worker's processes learns when one of them ends."""

from darkroom_inference.lifecycle.images_at_work import ImagesAtWork
from tests.support.services.image_records import example_image


def test_a_single_image_at_work_is_to_blame_and_counted_across_processes() -> None:
    parent = ImagesAtWork.create(processes=2, loops=2)
    for attempts, process in enumerate([0, 1, 1], start=1):
        child = ImagesAtWork(parent.descriptor, loops=2)
        child.begin(process, 1, [example_image(3, 41)])
        child.end(process, 1)
        child.begin(process, 1, [example_image(3, 42)])
        assert parent.blame(process) == [(3, 42)]
        assert child.suspects() == {(3, 42): attempts}


def test_several_images_at_work_are_suspects_without_an_attempt() -> None:
    shared = ImagesAtWork.create(processes=1, loops=2)
    shared.begin(0, 0, [example_image(0, 1), example_image(0, 2)])
    shared.begin(0, 1, [example_image(1, 7)])
    assert shared.blame(0) == [(0, 1), (0, 2), (1, 7)]
    assert shared.suspects() == {(0, 1): 0, (0, 2): 0, (1, 7): 0}
    shared.begin(0, 1, [example_image(1, 7)])
    assert shared.blame(0) == [(1, 7)]
    assert shared.suspects()[1, 7] == 1


def test_the_ticks_of_each_process_are_apart_from_its_images_and_end_with_it() -> None:
    shared = ImagesAtWork.create(processes=2, loops=2)
    for process in (0, 1):
        for loop in (0, 1):
            shared.begin(process, loop, [example_image(7, 2**60 + n) for n in range(64)])
        shared.tick(process, 2**40 + process)
    assert [shared.ticks(0), shared.ticks(1)] == [2**40, 2**40 + 1]
    assert len(shared.blame(0)) == 128
    assert [shared.ticks(0), shared.ticks(1)] == [0, 2**40 + 1]
    assert len(shared.blame(1)) == 128


def test_images_of_another_process_are_not_blamed() -> None:
    shared = ImagesAtWork.create(processes=2, loops=1)
    shared.begin(0, 0, [example_image(0, 1)])
    shared.begin(1, 0, [example_image(0, 2)])
    assert shared.blame(1) == [(0, 2)]
    assert shared.suspects() == {(0, 2): 1}


def test_the_oldest_suspects_are_forgotten() -> None:
    shared = ImagesAtWork.create(processes=1, loops=1)
    for offset in range(300):
        shared.begin(0, 0, [example_image(0, offset)])
        shared.blame(0)
    assert set(shared.suspects()) == {(0, offset) for offset in range(300 - 256, 300)}
