"""Somebody who reads a document and types its commands into one shell, block by block, with a watch beside it."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.documents import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.support.documents import Block

_TIMEOUT_S = 200
_MARK = re.compile(r"^@@ (\d+) ([\d.,]+)$", re.MULTILINE)
# Of the make and the uv that run us: a reader has neither.
_NOT_THE_READER_S = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "VIRTUAL_ENV")
IN_THE_CLUSTER = 'eval "$(python -m kind env)"'
"""What a document takes for granted whose reader has a cluster already."""


def read(blocks: Sequence[Block], before: str = "") -> tuple[str, dict[int, float]]:
    """What the commands wrote, and how many seconds each block took, by its line in the document.

    Raises:
        AssertionError: One failed; everything that was written is in the message.
    """
    ends = len(blocks)
    lines = ["set -euo pipefail", before]
    for block in blocks:
        lines += [f'echo "@@ {block.line} $EPOCHREALTIME"', block.commands]
    lines.append(f'echo "@@ {ends} $EPOCHREALTIME"')
    environment = {name: value for name, value in os.environ.items() if name not in _NOT_THE_READER_S}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    # `timeout` ends what the shell has started as well, and what was said till then is not lost.
    done = subprocess.run(
        ["timeout", str(_TIMEOUT_S), "bash", "-c", "\n".join(lines)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"ended with {done.returncode}:\n{done.stdout}"
    marks = [(int(line), float(moment.replace(",", "."))) for line, moment in _MARK.findall(done.stdout)]
    took = {line: after - moment for (line, moment), (_, after) in itertools.pairwise(marks)}
    return _MARK.sub("", done.stdout), took
