"""MLServer in a Python environment of its own: its dependencies are not Darkroom's."""

import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import platformdirs

from darkroom.errors import DarkroomError

MLSERVER = "1.7.1"
_TOO_NEW = (3, 13)
_TOOLS = Path(__file__).parents[3] / ".tools" / "uv" / "bin"


class NotInstalled(DarkroomError):
    """MLServer can't be installed here."""


def mlserver_python() -> Path:
    """The Python of an environment with MLServer, which is installed from PyPI into the user's cache if missing.

    Raises:
        NotInstalled: says why.
    """
    folder = platformdirs.user_cache_path("darkroom") / f"mlserver-{MLSERVER}"
    python = folder / "bin" / "python"
    complete = folder / "complete"
    if complete.exists():
        return python
    if sys.version_info >= _TOO_NEW:
        raise NotInstalled(f"MLServer {MLSERVER} needs a Python before 3.13")
    uv = shutil.which("uv", path=str(_TOOLS)) or shutil.which("uv")
    if uv is None:
        raise NotInstalled("uv is not installed")
    # With uvloop 0.22, MLServer's processes for models end with "There is no current event loop".
    packages = [f"mlserver=={MLSERVER}", f"onnxruntime=={version('onnxruntime')}", "pillow", "uvloop<0.22"]
    for command in (
        [uv, "venv", "-q", "--clear", "--python", sys.executable, str(folder)],
        [uv, "pip", "install", "-q", "--python", str(python), *packages],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NotInstalled(f"MLServer {MLSERVER} cannot be installed: {done.stderr.strip().splitlines()[-1]}")
    complete.touch()
    return python
