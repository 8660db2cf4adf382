"""The SBOMs of Darkroom's images, which are inside them."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from kind.engine import Engine
from kind.images import Image
from kind.settings import CHECKOUT

_FOLDER = CHECKOUT / ".build/sbom"
_LABEL = "dev.darkroom.sbom"


def copy_sboms(engine: Engine, images: Iterable[Image], folder: Path = _FOLDER) -> Iterator[Path]:
    """Copy the SBOM of each image, at the path in its label, to `folder`. No container is started."""
    folder.mkdir(parents=True, exist_ok=True)
    for image in images:
        inside = engine.run(
            "image", "inspect", "--format", f'{{{{ index .Config.Labels "{_LABEL}" }}}}', image.reference
        ).strip()
        copy = folder / Path(inside).name
        container = engine.run("create", image.reference).strip()
        try:
            engine.run("cp", f"{container}:{inside}", copy)
        finally:
            engine.run("rm", container)
        yield copy
