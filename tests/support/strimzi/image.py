"""The container image of the stand-in."""

import shutil
from pathlib import Path

from kind.engine import Engine
from kind.images import Image, content_hash, ensure_image
from kind.settings import CHECKOUT, PREFIX

NAME = "strimzi-stand-in"
_LOCK = (
    "pyproject.toml",
    "uv.lock",
    "operator/pyproject.toml",
    *sorted(str(path.relative_to(CHECKOUT)) for path in CHECKOUT.glob("services/*/pyproject.toml")),
)
_CODE = ("tests/support/strimzi", "tests/support/kube/api.py", "tests/support/kube/follower.py")


def stand_in_image(engine: Engine, operator: Image) -> Image:
    """The image, built now on `operator` if the engine has none of this content."""
    tag = content_hash((*_LOCK, *_CODE), operator.reference)
    image = Image(NAME, f"{PREFIX}/{NAME}:{tag}", f"{PREFIX}/{NAME}:test")
    ensure_image(engine, image, operator.reference, _context)
    return image


def _context(folder: Path) -> None:
    """The files that the Dockerfile in this folder copies."""
    shutil.copy(Path(__file__).with_name("Dockerfile"), folder)
    for part, sources in (("lock", _LOCK), ("code", _CODE)):
        for source in sources:
            target = folder / part / source
            target.parent.mkdir(parents=True, exist_ok=True)
            if (CHECKOUT / source).is_dir():
                shutil.copytree(CHECKOUT / source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(CHECKOUT / source, target)
