"""An image that takes too long."""

from darkroom_inference.lifecycle.watchdog import Watchdog


def test_the_watchdog_counts_its_own_ticks_and_names_the_image() -> None:
    watchdog = Watchdog(deadline_s=2.0)
    with watchdog.over(1, lambda: {"image_id": "i"}):
        watchdog._ticks += 4
        assert watchdog.overdue() is None
        watchdog._ticks += 1
        late = watchdog.overdue()
        assert late is not None
        image, seconds = late
        assert (image(), seconds) == ({"image_id": "i"}, 2.5)
    assert watchdog.overdue() is None


def test_a_run_of_several_images_has_the_time_of_all_of_them() -> None:
    watchdog = Watchdog(deadline_s=2.0)
    with watchdog.over(1, lambda: {"image_id": "i"}, images=3):
        watchdog._ticks += 12
        assert watchdog.overdue() is None
        watchdog._ticks += 1
        assert watchdog.overdue() is not None


def test_a_process_that_has_lost_its_gpu_ends() -> None:
    codes: list[int] = []
    Watchdog(60, codes.append).gpu_lost("CUDA failure 700: an illegal memory access was encountered")
    assert codes == [70]
