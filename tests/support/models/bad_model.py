"""Faults in the worker's process, triggered by words in an image's bytes.

Python loads `sitecustomize.py` from its path at the start, so the worker's code is unchanged.
"""

from pathlib import Path

_HOOK = """
import atexit, ctypes, os, time
from pathlib import Path

import darkroom_vision.analyse as analyse

decode = analyse.decode


def bad(data, *args, **kwargs):
    if b"ABORT" in data:
        os.abort()
    if b"SEGFAULT" in data:
        ctypes.string_at(0)
    if b"OUT OF MEMORY" in data:
        os.kill(os.getpid(), 9)
    if b"WHOLE WORKER" in data:
        os.kill(os.getppid(), 9)
        os.kill(os.getpid(), 9)
    if b"ENDLESS" in data:
        while True:
            time.sleep(1)
    if b"RAISE" in data:
        raise ZeroDivisionError("the model can't")
    if b"LOCKED" in data:
        ctypes.PyDLL(None).pause()  # keeps the interpreter's lock
    if b"SLOW" in data:
        time.sleep(0.5)
    if b"PACED" in data:
        time.sleep(0.02)
    if b"SHAKY" in data and not Path(__file__).with_name("shaken").exists():
        Path(__file__).with_name("shaken").touch()
        raise ZeroDivisionError("the model can't yet")
    return decode(data, *args, **kwargs)


analyse.decode = bad
"""


_IN_ONE_PROCESS = """
import darkroom_inference.command as command

command.can_share_model = lambda *_: False
"""


def bad_model(folder: Path, *, in_one_process: bool = False) -> dict[str, str]:
    """The environment of a worker that fails on some images; with all loops in one process, as on a GPU."""
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(_HOOK + (_IN_ONE_PROCESS if in_one_process else ""))
    return {"PYTHONPATH": str(folder)}
