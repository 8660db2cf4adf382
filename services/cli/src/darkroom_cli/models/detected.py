"""The stage block of a model without given settings."""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from darkroom.api.output import OutputType
from darkroom.errors import DarkroomError
from darkroom.names import NAME_MAX_LENGTH
from darkroom_cli.exit_codes import InvalidInput
from darkroom_cli.models.neighbours import read_neighbours
from darkroom_cli.models.stage_block import StageBlock, stage_block
from darkroom_vision.inspection import Inspection, inspect_model
from darkroom_vision.model.session import ModelNotFound

_STAGE_NAMES: dict[OutputType, str] = {
    "Classification": "classify",
    "MultiLabel": "classify",
    "Detection": "detect",
    "OrientedDetection": "detect",
    "Segmentation": "segment",
    "InstanceSegmentation": "segment",
    "Keypoints": "keypoints",
    "Embedding": "embed",
    "Text": "read",
    "Anomaly": "anomaly",
    "Tensor": "tensor",
}


class UnusableModel(DarkroomError):
    """ONNX Runtime cannot load the model."""


def usable(file: Path, external_data: Mapping[str, str] = MappingProxyType({})) -> Inspection:
    """The inspection of a model that loads.

    Args:
        file: the ONNX file.
        external_data: the SHA-256 of files that have been checked, by location in the model.

    Raises:
        InvalidInput: the file does not exist.
        UnusableModel: ONNX Runtime cannot load the model.
    """
    try:
        found = inspect_model(file, external_data=external_data)
    except ModelNotFound as error:
        raise InvalidInput(str(error)) from error
    if found.model is None:
        missing = f"\nthis runtime has no {', '.join(map(str, found.missing))}" if found.missing else ""
        raise UnusableModel(f"{' '.join(str(found.problem).split())}{missing}")
    return found


def detected_block(found: Inspection, uri: str) -> StageBlock:
    """The stage block of a loaded model, named after the model's task."""
    assert found.family is not None  # noqa: S101 - it loads
    return stage_block(
        found, found.family, uri, _STAGE_NAMES[found.family.type], read_neighbours(found.path, found.family.type)
    )


def pipeline_name(file: Path) -> str:
    """The name of a pipeline for the model in `file`: a DNS label."""
    name = re.sub(r"[^a-z0-9]+", "-", file.stem.lower()).strip("-")[:NAME_MAX_LENGTH].strip("-")
    return name or "model"
