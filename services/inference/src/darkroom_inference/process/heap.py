"""Memory that the C library keeps after a burst of images.

Consumed images are in buffers of the Kafka client's threads. glibc gives such threads arenas of their own, and keeps
what they have freed at an arena's end, or between blocks in use: a worker would keep the memory of its largest backlog.
`malloc_trim` returns free pages, but of the arenas' ends only that of the first arena.
"""

import ctypes
import os
from typing import Final

_M_ARENA_MAX: Final = -8
"""The parameter's number in glibc's `malloc.h`."""


def use_one_arena() -> None:
    """Let all threads allocate from the first arena. To call before they start; does nothing without glibc.

    For processes with one loop, whose threads seldom allocate at the same time. `MALLOC_ARENA_MAX`, if set, takes
    precedence.
    """
    library = ctypes.CDLL(None)
    if "MALLOC_ARENA_MAX" not in os.environ and hasattr(library, "mallopt"):
        library.mallopt(_M_ARENA_MAX, 1)


def return_freed_memory() -> None:
    """Return free pages to the system, which takes less than a millisecond. Does nothing without glibc."""
    library = ctypes.CDLL(None)
    if hasattr(library, "malloc_trim"):
        library.malloc_trim(0)
