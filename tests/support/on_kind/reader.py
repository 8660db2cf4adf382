"""Runs the commands of a document in one shell, block by block, and measures their time."""

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
# Variables of make and uv, which a user does not have.
_NOT_THE_READER_S = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "VIRTUAL_ENV")
IN_THE_CLUSTER = 'eval "$(python -m kind env)"'
"""The setup for a document that assumes an existing cluster."""


def read(blocks: Sequence[Block], before: str = "") -> tuple[str, dict[int, float]]:
    """Run the blocks. Returns their output, and the seconds that each took, by its line in the document.

    Raises:
        AssertionError: A command failed; the message has the output.
    """
    ends = len(blocks)
    lines = ["set -euo pipefail", before]
    for block in blocks:
        lines += [f'echo "@@ {block.line} $EPOCHREALTIME"', block.commands]
    lines.append(f'echo "@@ {ends} $EPOCHREALTIME"')
    environment = {name: value for name, value in os.environ.items() if name not in _NOT_THE_READER_S}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    # `timeout` also ends the children of the shell, and keeps the output.
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
