"""What the parent of a worker's processes learns when one of them ends."""

import subprocess
import sys
from pathlib import Path

from darkroom_inference.lifecycle.images_at_work import ImagesAtWork
from tests.support.services.image_records import example_image
from tests.support.services.stage import REPOSITORY


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


_KEPT = """
import sys
from pathlib import Path
from darkroom_inference.lifecycle.images_at_work import ImagesAtWork
from tests.support.services.image_records import example_image

kept = ImagesAtWork.keep(Path(sys.argv[1]), processes=2, loops=1)
print(kept.blame(0), kept.blame(1), kept.suspects())
kept.begin(1, 0, [example_image(3, 42)])
"""


def left_by_the_last_process(file: Path) -> str:
    """What a new process finds to be at work in `file`. It leaves image 42 at work."""
    found = subprocess.run(
        [sys.executable, "-c", _KEPT, str(file)], cwd=REPOSITORY, check=True, capture_output=True, text=True
    )
    return found.stdout.strip()


def test_what_a_worker_left_at_work_in_its_file_is_to_blame(tmp_path: Path) -> None:
    file = tmp_path / "cache" / "at-work"
    assert left_by_the_last_process(file) == "[] [] {}"
    assert left_by_the_last_process(file) == "[] [(3, 42)] {(3, 42): 1}"
    assert left_by_the_last_process(file) == "[] [(3, 42)] {(3, 42): 1}", "Kafka has the attempt before"


def test_the_file_of_a_running_worker_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "at-work"
    running = ImagesAtWork.keep(file, processes=2, loops=1)
    running.begin(1, 0, [example_image(3, 41)])
    assert left_by_the_last_process(file) == "[] [] {}"
    assert running.blame(1) == [(3, 41)]


def test_a_file_of_a_worker_with_other_loops_has_nothing_at_work(tmp_path: Path) -> None:
    (tmp_path / "at-work").write_bytes(b"x" * 50_000)
    kept = ImagesAtWork.keep(tmp_path / "at-work", processes=2, loops=8)
    assert [kept.blame(0), kept.blame(1)] == [[], []]


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
