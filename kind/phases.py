"""How long each step took, told as it happens: cold builds take minutes, and nobody should have to guess at what."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def phase(name: str) -> Iterator[None]:
    """Announce `name` at its start, and its seconds at its end."""
    print(f"== {name} ...", flush=True)
    started = time.monotonic()
    yield
    print(f"== {name}: {time.monotonic() - started:.1f} s", flush=True)
