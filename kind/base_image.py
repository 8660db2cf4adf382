"""The base image: the official Python image, or Debian's Python if no registry can be reached."""

import os
import re
import tempfile
from pathlib import Path

from kind.commands import run
from kind.debian import RELEASE, make_root
from kind.engine import Engine
from kind.phases import phase
from kind.settings import CHECKOUT, KIND_CACHE, PREFIX
from tests.support.made_once import locked

_PACKAGES = ("ca-certificates", "python3", "python3-venv")
_DEBIAN = f"{PREFIX}/python:{RELEASE}"
_IMPORT_TIMEOUT_S = 600


def base_image(engine: Engine) -> str:
    """The name of the base image, pulled or built if needed. $BASE_IMAGE overrides it."""
    wanted = os.environ.get("BASE_IMAGE", "")
    if wanted:
        return wanted
    published = published_base()
    if engine.has_or_pulls(published):
        return published
    with locked(KIND_CACHE / "base-image.lock"):
        if engine.image_id(_DEBIAN) is None:
            print(f"{published} can't be pulled: using Debian's Python", flush=True)
            with phase(f"base image {_DEBIAN}"):
                _make(engine)
    return _DEBIAN


def published_base() -> str:
    """The base in the Dockerfile, by tag and digest."""
    dockerfile = (CHECKOUT / "Dockerfile").read_text(encoding="utf-8")
    (found,) = re.findall(r"^ARG BASE_IMAGE=(\S+)$", dockerfile, re.MULTILINE)
    return str(found)


def _make(engine: Engine) -> None:
    with tempfile.TemporaryDirectory(prefix="base-image-", dir=KIND_CACHE) as work:
        root, archive = Path(work) / "root", Path(work) / "root.tar"
        make_root(root, _PACKAGES)
        run(["tar", "-C", root, "--numeric-owner", "-cf", archive, "."], timeout_s=_IMPORT_TIMEOUT_S)
        engine.run("import", archive, _DEBIAN, timeout_s=_IMPORT_TIMEOUT_S)
