"""A start in two steps: a child process loads what takes long, and waits until its parent lets it continue.

The child writes a line to stdout once everything is loaded, and then reads a line from stdin. Afterwards its stdout is
its stderr.
"""

import os
import sys
from typing import Final

_VARIABLE = "DARKROOM_START"
_HELD = "held"

HELD: Final = {_VARIABLE: _HELD}
"""The environment of a child whose start is held."""

LOADED: Final = b"loaded\n"
CONTINUE: Final = b"continue\n"


def is_held() -> bool:
    """Whether the start of this process is held."""
    return os.environ.get(_VARIABLE) == _HELD


def continue_when_released() -> bool:
    """Say that everything is loaded, and wait until the parent lets this process continue.

    Does nothing unless the start is held. Returns False if the parent has ended.
    """
    if not is_held():
        return True
    del os.environ[_VARIABLE]  # the children of this process are not held
    os.write(sys.stdout.fileno(), LOADED)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return sys.stdin.buffer.readline() == CONTINUE
