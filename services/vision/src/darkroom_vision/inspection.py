"""Inspection of a model file, even if ONNX Runtime cannot load it."""

import mmap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from darkroom_vision.families import Family, detect
from darkroom_vision.model.contents import Contents, Operator, missing_operators, read_contents
from darkroom_vision.model.metadata import ModelMetadata, read_metadata
from darkroom_vision.model.onnx_messages import NotProtobuf
from darkroom_vision.model.session import ModelError, ModelRunFailed, OnnxModel, Port, Value, load_model

_NUMPY_TYPES = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
}
_SIDES = (320, 224, 640)
"""Sizes in pixels to try, in this order, for sides that the file leaves open."""
_BATCH, _ROWS = 1, 2
_IMAGE_RANKS = (3, 4)
_LINE_HEIGHT = 64
_LINE_WIDTH = 320


@dataclass(frozen=True, slots=True)
class Inspection:
    """What is known about a model file.

    Attributes:
        model: the loaded model; None if it cannot be loaded.
        problem: why the model cannot be loaded, or fails on a blank image.
        missing: operators that ONNX Runtime lacks, if it cannot load the model.
        blank: the inputs of the trial run; None if there was none.
        family: the recognised family; None if the model cannot be loaded.
    """

    path: Path
    size: int
    metadata: ModelMetadata
    contents: Contents | None
    model: OnnxModel | None
    problem: str | None = None
    missing: tuple[Operator, ...] = ()
    blank: Mapping[str, tuple[int, ...]] | None = None
    family: Family | None = None


def inspect_model(path: Path, *, external_data: Mapping[str, str] = MappingProxyType({})) -> Inspection:
    """Read the file, load it and run it once on a blank image.

    Args:
        path: the ONNX file.
        external_data: the SHA-256 of files that have been checked, by location in the model.

    Raises:
        ModelNotFound: the file does not exist or cannot be read.
    """
    metadata, contents = ModelMetadata(), None
    try:
        model = load_model(path, external_data=external_data)
    except ModelError as error:
        size = path.stat().st_size if path.is_file() else None
        if size is None:
            raise
        try:
            metadata, contents = _read(path)
        except (NotProtobuf, ValueError):
            return Inspection(path, size, metadata, None, None, str(error))
        missing = tuple(missing_operators(contents, metadata))
        return Inspection(path, size, metadata, contents, None, str(error), missing)
    size = path.stat().st_size
    try:
        metadata, contents = _read(path)
    except NotProtobuf:  # a file in ONNX Runtime's own format (ORT)
        metadata = model.metadata
    blank, trial, problem = try_on_blank(model)
    family = detect(model.inputs, model.outputs, metadata, trial, blank)
    return Inspection(path, size, metadata, contents, model, problem, (), blank, family)


def try_on_blank(
    model: OnnxModel,
) -> tuple[Mapping[str, tuple[int, ...]] | None, list[Value] | None, str | None]:
    """Run the model once on zeros.

    Returns:
        (shapes of the inputs by name, outputs, None), or (None, None, why it failed on every size that was tried).
    """
    problem = "it has inputs of unsupported types"
    for side in _SIDES:
        if any(port.type not in _NUMPY_TYPES for port in model.inputs):
            break
        feeds = {
            port.name: np.zeros(_shape(port, model.metadata, side), _NUMPY_TYPES[port.type]) for port in model.inputs
        }
        for name, value in feeds.items():
            if name in {"scale_factor", "im_shape", "orig_target_sizes"}:
                value.fill(1 if name == "scale_factor" else side)
        try:
            return {name: value.shape for name, value in feeds.items()}, model.run(feeds), None
        except ModelRunFailed as error:
            problem = str(error)
        if all(None not in port.shape for port in model.inputs):
            break
    return None, None, problem


def _shape(port: Port, metadata: ModelMetadata, side: int) -> tuple[int, ...]:
    """The shape for one image. Open sides are taken from the metadata, else `side`; a line of text is wider."""
    if len(port.shape) not in _IMAGE_RANKS:
        return tuple(_ROWS if i and n is None else n or 1 for i, n in enumerate(port.shape))
    batch = port.shape[:-3]
    channels_last = port.shape[-1] in (1, 3) and port.shape[-3] not in (1, 3)
    height, width = port.shape[-3:-1] if channels_last else port.shape[-2:]
    channels = port.shape[-1] if channels_last else port.shape[-3]
    said = metadata.image_size
    height = height or (said[0] if said else side)
    width = width or (said[1] if said else _LINE_WIDTH if height <= _LINE_HEIGHT else side)
    image = (height, width, channels or 3) if channels_last else (channels or 3, height, width)
    return (*(n or _BATCH for n in batch), *image)


def _read(path: Path) -> tuple[ModelMetadata, Contents]:
    with path.open("rb") as file:
        model = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    return read_metadata(model), read_contents(model)
