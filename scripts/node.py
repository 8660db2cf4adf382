"""Node.js and npm: those on the PATH if they are new enough, or else from a wheel, in the cache."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.support.downloads.pypi_programs import pypi_program

_OUTPUT_SHOWN = 4_000
_LEAST_MINOR = {20: 19, 22: 12}
"""`engines.node` of console/package.json: the first minor version of these major ones, and every later major one."""


class NodeError(RuntimeError):
    """What failed, and what to do about it."""


@dataclass(frozen=True)
class Node:
    """A Node.js.

    Attributes:
        program: Its `node`.
        npm_command: The command line of npm.
    """

    program: Path
    npm_command: tuple[str, ...]

    def npm(self, *arguments: str | Path, folder: Path, timeout_s: float, quiet: bool = False) -> None:
        """Run npm in `folder`; `quiet` shows its output only if it fails.

        Raises:
            NodeError: npm failed, or took longer than `timeout_s`.
        """
        command = [*self.npm_command, *(str(argument) for argument in arguments)]
        environment = {**os.environ, "PATH": f"{self.program.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
        named = f"npm {' '.join(command[len(self.npm_command) :])}"
        try:
            done = subprocess.run(
                command, cwd=folder, env=environment, capture_output=quiet, text=True, check=False, timeout=timeout_s
            )
        except subprocess.TimeoutExpired as error:
            raise NodeError(f"`{named}` did not finish within {timeout_s:.0f} s") from error
        if done.returncode:
            output = (done.stdout + done.stderr)[-_OUTPUT_SHOWN:] if quiet else "its output is above"
            raise NodeError(f"`{named}` failed with {done.returncode}: {output}")


def find_node() -> Node:
    """Node.js of the PATH, if it comes with npm and is new enough for the console; or else that of the wheel."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and is_new_enough(_output(node, "--version")):
        return Node(Path(node), (npm,))
    program = pypi_program("node")
    # The wheel's bin/npm is a copy of a link, which does not find its files.
    return Node(program, (str(program), str(program.parents[1] / "lib/node_modules/npm/bin/npm-cli.js")))


def is_new_enough(version: str) -> bool:
    """Whether the output of `node --version` is a version that Vite supports."""
    found = re.fullmatch(r"v(\d+)\.(\d+)\.\d+", version.strip())
    if not found:
        return False
    major, minor = int(found[1]), int(found[2])
    return minor >= _LEAST_MINOR[major] if major in _LEAST_MINOR else major > max(_LEAST_MINOR)


def _output(program: str, *arguments: str) -> str:
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False, timeout=60).stdout
