"""Printing steps and their duration, since builds may take minutes."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def phase(name: str) -> Iterator[None]:
    """Print `name` at the start, and the duration at the end."""
    print(f"== {name} ...", flush=True)
    started = time.monotonic()
    yield
    print(f"== {name}: {time.monotonic() - started:.1f} s", flush=True)
