"""An image that takes too long."""

from darkroom_inference.lifecycle.images_at_work import ImagesAtWork
from darkroom_inference.lifecycle.watchdog import Watchdog
from tests.support.services.image_records import example_image

IMAGE = example_image()


def test_the_watchdog_counts_its_own_ticks_and_names_the_image() -> None:
    watchdog = Watchdog(deadline_s=2.0)
    with watchdog.over(1, [IMAGE]):
        watchdog._ticks += 4
        assert watchdog.overdue() is None
        watchdog._ticks += 1
        late = watchdog.overdue()
        assert late is not None
        assert late == (1, IMAGE, 2.5)
    assert watchdog.overdue() is None


def test_a_run_of_several_images_has_the_time_of_all_of_them() -> None:
    watchdog = Watchdog(deadline_s=2.0)
    with watchdog.over(1, [IMAGE] * 3):
        watchdog._ticks += 12
        assert watchdog.overdue() is None
        watchdog._ticks += 1
        assert watchdog.overdue() is not None


def test_a_process_that_has_lost_its_gpu_ends() -> None:
    codes: list[int] = []
    Watchdog(60, codes.append).gpu_lost("CUDA failure 700: an illegal memory access was encountered")
    assert codes == [70]


def test_the_time_of_several_images_has_a_limit() -> None:
    watchdog = Watchdog(deadline_s=2.0, longest_s=3.0)
    with watchdog.over(1, [IMAGE] * 3):
        watchdog._ticks += 7
        assert watchdog.overdue() is not None


def test_the_parent_finds_the_image_that_takes_too_long_but_not_those_of_other_loops() -> None:
    shared = ImagesAtWork.create(processes=2, loops=3)
    watchdog = Watchdog(60, lambda _code: None, process=1, shared=shared)
    other = example_image(offset=9)
    with watchdog.over(0, [other]), watchdog.over(2, [IMAGE]):
        watchdog._end_because_of(2)
        assert shared.blame(1) == [(IMAGE.partition, IMAGE.offset)]
        watchdog.gpu_lost("CUDA failure 700")
    assert shared.blame(1) == []
