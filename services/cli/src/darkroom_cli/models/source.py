"""The model argument of a command: a file, or a URI that is fetched to the cache."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from darkroom.api.uris import FETCHED


@dataclass(frozen=True)
class ModelSource:
    """A model file on this machine.

    Attributes:
        path: the file.
        uri: its URI, for a manifest.
        external_data: the SHA-256 of files with the model's external data that were checked, by location.
    """

    path: Path
    uri: str
    external_data: Mapping[str, str] = field(default_factory=dict)


def model_source(given: str) -> ModelSource:
    """The model file that `given`, a path or URI, names.

    Raises:
        ModelUnavailable: it can't be fetched.
    """
    if not given.startswith(tuple(f"{scheme}://" for scheme in FETCHED)):
        return ModelSource(Path(given), f"file:{given}")
    from darkroom_vision.sources.files import local_file  # noqa: PLC0415 - not needed for files

    found = local_file("model", given, suffix=".onnx")
    return ModelSource(found.path, given, found.external_data)
