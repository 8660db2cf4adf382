"""Imports that take less CPU time: without garbage collections, and without rich.

The collections are a tenth of the CPU time of a start and find next to nothing. Another tenth is rich: if it is
installed, structlog imports it, for tracebacks that are not printed.
"""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loading() -> Iterator[None]:
    """Collect no garbage in the block. Later collections leave out what it has created, which stays.

    Unless rich has been imported before, it can't be imported in the block.
    """
    gc.disable()
    sys.modules.setdefault("rich", None)  # type: ignore[arg-type]
    try:
        yield
    finally:
        if sys.modules["rich"] is None:
            del sys.modules["rich"]
        gc.freeze()
        gc.enable()
