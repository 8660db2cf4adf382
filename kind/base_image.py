"""The base image: the official Python image, or Debian's Python if no registry can be reached."""

import os
import tempfile
from pathlib import Path

from kind.commands import run
from kind.debian import RELEASE, make_root
from kind.engine import Engine
from kind.phases import phase
from kind.settings import KIND_CACHE, PREFIX
from tests.support.made_once import locked

_PUBLISHED = "docker.io/library/python:3.13-slim-bookworm"
_PACKAGES = ("ca-certificates", "python3", "python3-venv")
_DEBIAN = f"{PREFIX}/python:{RELEASE}"
_IMPORT_TIMEOUT_S = 600


def base_image(engine: Engine) -> str:
    """The name of the base image, pulled or built if needed. $BASE_IMAGE overrides it."""
    wanted = os.environ.get("BASE_IMAGE", "")
    if wanted:
        return wanted
    if engine.has_or_pulls(_PUBLISHED):
        return _PUBLISHED
    with locked(KIND_CACHE / "base-image.lock"):
        if engine.image_id(_DEBIAN) is None:
            print(f"{_PUBLISHED} can't be pulled: using Debian's Python", flush=True)
            with phase(f"base image {_DEBIAN}"):
                _make(engine)
    return _DEBIAN


def _make(engine: Engine) -> None:
    with tempfile.TemporaryDirectory(prefix="base-image-", dir=KIND_CACHE) as work:
        root, archive = Path(work) / "root", Path(work) / "root.tar"
        make_root(root, _PACKAGES)
        run(["tar", "-C", root, "--numeric-owner", "-cf", archive, "."], timeout_s=_IMPORT_TIMEOUT_S)
        engine.run("import", archive, _DEBIAN, timeout_s=_IMPORT_TIMEOUT_S)
