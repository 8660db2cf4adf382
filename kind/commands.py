"""Runs programs with a time limit, and with the end of their output in errors."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

_OUTPUT_SHOWN = 3000
# The folders of nft, debootstrap and podman's helpers, which are not in every user's PATH.
_SYSTEM_PROGRAMS = "/usr/sbin:/sbin"


class KindError(RuntimeError):
    """What failed, and what to do about it."""


def run(
    command: Sequence[str | Path],
    *,
    timeout_s: float,
    environment: Mapping[str, str] | None = None,
    stdin: str = "",
    folder: Path | None = None,
    shown: bool = False,
) -> str:
    """The standard output of `command`; empty if its output is `shown` on the terminal.

    Raises:
        KindError: The command failed, is not installed, or took longer than `timeout_s`.
    """
    parts = [str(part) for part in command]
    try:
        done = subprocess.run(
            parts,
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
        raise KindError(f"{error.filename} is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise KindError(f"`{' '.join(parts)}` did not finish within {timeout_s:.0f} s") from error
    if done.returncode:
        output = "its output is above" if shown else (done.stdout + done.stderr)[-_OUTPUT_SHOWN:]
        raise KindError(f"`{' '.join(parts)}` failed with {done.returncode}:\n{output}")
    return done.stdout or ""
