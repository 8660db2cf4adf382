"""Memory that the C library keeps."""

import subprocess
import sys

import pytest

pytestmark = [pytest.mark.processes, pytest.mark.skipif(sys.platform != "linux", reason="glibc")]

_BURST = """
import threading
import psutil
from darkroom_inference.process.heap import return_freed_memory, use_one_arena

def burst():
    bytes(20_000_000)  # from now on, so much is not returned when it is freed
    blocks = [bytes(5_000) for _ in range(6_000)]
    kept.append(blocks[0])

def rss_mb():
    return psutil.Process().memory_info().rss / 1e6

kept = []
use_one_arena()
before = rss_mb()
thread = threading.Thread(target=burst)
thread.start()
thread.join()
after = rss_mb()
return_freed_memory()
print(after - before, rss_mb() - before)
"""


def _burst_mb(**environment: str) -> tuple[float, float]:
    """What a thread's burst of 30 MB adds, all but its first block freed: before and after the return."""
    command = [sys.executable, "-c", _BURST]
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, env=environment)
    kept, left = run.stdout.split()
    return float(kept), float(left)


def test_the_memory_of_a_burst_is_returned() -> None:
    """What the C library keeps by itself is returned, though another thread has allocated it."""
    kept, left = _burst_mb()
    assert kept > 20
    assert left < 5


def test_the_users_number_of_arenas_comes_first() -> None:
    """The thread has an arena of its own then, whose end is kept."""
    _, left = _burst_mb(MALLOC_ARENA_MAX="8")
    assert left > 20
