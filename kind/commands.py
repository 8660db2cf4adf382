"""Running other programs: with a time limit, and with their last words when they fail."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

_LAST_WORDS = 3000
# Where nft, debootstrap and podman's helpers are; not everybody's PATH has it.
_SYSTEM_PROGRAMS = "/usr/sbin:/sbin"


class KindError(RuntimeError):
    """Something a person has to know: what could not be done, and what to do."""


def run(
    command: Sequence[str | Path],
    *,
    timeout_s: float,
    environment: Mapping[str, str] | None = None,
    stdin: str = "",
    folder: Path | None = None,
    shown: bool = False,
) -> str:
    """What `command` wrote to its standard output; nothing if it is `shown` to the person who waits instead.

    Raises:
        KindError: It failed, is not there, or took longer than `timeout_s`.
    """
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words,
            input=stdin,
            env={
                **os.environ,
                "PATH": f"{os.environ.get('PATH', os.defpath)}:{_SYSTEM_PROGRAMS}",
                **(environment or {}),
            },
            cwd=folder,
            capture_output=not shown,
            text=True,
            check=False,
            timeout=timeout_s,
        )
    except FileNotFoundError as error:
        raise KindError(f"{error.filename} is not there: install it") from error
    except subprocess.TimeoutExpired as error:
        raise KindError(f"`{' '.join(words)}` was not done after {timeout_s:.0f} s") from error
    if done.returncode:
        said = "what it said is above" if shown else (done.stdout + done.stderr)[-_LAST_WORDS:]
        raise KindError(f"`{' '.join(words)}` failed with {done.returncode}:\n{said}")
    return done.stdout or ""
