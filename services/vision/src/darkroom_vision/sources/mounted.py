"""Files that Kubernetes mounts into a worker: they must lie in their volume."""

from pathlib import Path

from darkroom_vision.sources.failures import ModelUnavailable


def mounted_file(what: str, uri: str, path: Path) -> Path:
    """`path`, the file of `uri`, if it is in its volume.

    A link on a volume could lead to the Kafka credentials of the worker, and these would become labels in results.

    Raises:
        ModelUnavailable: `path` leads out of the volume.
    """
    _, _, location = uri.partition("://")
    _, _, name = location.partition("/")
    if not uri.startswith("pvc://") or not str(path).endswith(f"/{name}"):
        return path
    volume = Path(str(path).removesuffix(name))
    if not path.resolve().is_relative_to(volume.resolve()):
        raise ModelUnavailable(f"{what} {uri}: {name} is a link out of its volume: put the file itself there")
    return path
