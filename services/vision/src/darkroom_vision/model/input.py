"""A stage's input, resolved from the model file and the pipeline.

The file has the last word: the pipeline fills in what the file leaves open, and where the two contradict each other the
stage does not start.
"""

from dataclasses import dataclass
from typing import Literal

from darkroom.api.input import Input
from darkroom_vision.imaging.geometry import Resize, Size
from darkroom_vision.model.session import ModelError, Port

Layout = Literal["NCHW", "NHWC"]
DType = Literal["Float32", "Float16", "UInt8"]

_DTYPES: dict[str, DType] = {"tensor(float)": "Float32", "tensor(float16)": "Float16", "tensor(uint8)": "UInt8"}
_CHANNELS = (1, 3)
_BATCH_ONLY, _FLAT, _PLANE, _IMAGE = 1, 2, 3, 4
"""Ranks of an input: (N), (N, features), (N, H, W), (N, C, H, W)."""


class ModelMismatch(ModelError):
    """The pipeline and the model file contradict each other, or both leave open what must be known."""

    def __init__(self, uri: str, problems: list[str]) -> None:
        self.problems = problems
        super().__init__(f"model {uri}: {'; '.join(problems)}")


@dataclass(frozen=True, slots=True)
class ResolvedInput:
    """The input with nothing left open.

    Attributes:
        mean, std: one number for each channel.
        shape: of one image in the model's input, without the batch.
    """

    name: str
    width: int
    height: int
    channels: int
    layout: Layout
    dtype: DType
    scale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]
    resize: Resize
    colors: Literal["RGB", "BGR"]
    preprocessing: Literal["Fast", "Exact"]
    shape: tuple[int, ...]

    @property
    def size(self) -> Size:
        """(width, height)."""
        return self.width, self.height


def resolve_input(uri: str, spec: Input, ports: tuple[Port, ...]) -> ResolvedInput:
    """What the model file says, completed by `spec`.

    Raises:
        ModelMismatch: every contradiction at once: what the file says, what the pipeline says, what to change.
    """
    problems: list[str] = []
    if len(ports) != 1:
        names = ", ".join(port.name for port in ports) or "none"
        raise ModelMismatch(uri, [f"it has {len(ports)} inputs ({names}), a stage feeds exactly one"])
    port = ports[0]
    if len(port.shape) <= _BATCH_ONLY or len(port.shape) > _IMAGE or port.type not in _DTYPES:
        raise ModelMismatch(uri, [_unusable(port)])
    dtype = _DTYPES[port.type]
    batch = port.shape[0]
    layout = _layout(spec, port.shape, problems)
    height, width, channels = _sides(spec, port.shape, layout, problems)
    if batch not in (None, 1):
        problems.append(f"it takes exactly {batch} images at a time: export it with a batch size of 1 or a dynamic one")
    if spec.dtype not in (None, dtype):
        problems.append(_contradiction("dtype", dtype, spec.dtype))
    mean = _per_channel("mean", spec.mean, channels, problems)
    std = _per_channel("std", spec.std, channels, problems)
    shape = _shape(port, layout, (height, width, channels), problems)
    if problems:
        raise ModelMismatch(uri, problems)
    return ResolvedInput(
        name=port.name,
        width=width,
        height=height,
        channels=channels,
        layout=layout,
        dtype=dtype,
        scale=spec.scale if spec.scale is not None else (1.0 if dtype == "UInt8" else 1 / 255),
        mean=mean or (0.0,) * channels,
        std=std or (1.0,) * channels,
        resize=spec.resize or "Stretch",
        colors=spec.colors or "RGB",
        preprocessing=spec.preprocessing or "Fast",
        shape=shape,
    )


def _unusable(port: Port) -> str:
    shape = ", ".join("?" if size is None else str(size) for size in port.shape)
    return (
        f"its input {port.name!r} is {port.type} of shape ({shape}): a stage feeds images as float, float16 or uint8 "
        "of shape (N, C, H, W), (N, H, W, C), (N, H, W) or (N, pixels)"
    )


def _layout(spec: Input, shape: tuple[int | None, ...], problems: list[str]) -> Layout:
    """From the axis of 1 or 3 channels in the file; NCHW when that is open or either axis could be it."""
    if len(shape) != _IMAGE:
        return spec.layout or "NCHW"
    first, last = shape[1] in _CHANNELS, shape[3] in _CHANNELS
    found: Layout | None = None if first == last else "NCHW" if first else "NHWC"
    if found and spec.layout not in (None, found):
        problems.append(_contradiction("layout", found, spec.layout))
    return found or spec.layout or "NCHW"


def _sides(spec: Input, shape: tuple[int | None, ...], layout: Layout, problems: list[str]) -> tuple[int, int, int]:
    """(height, width, channels)."""
    said: dict[str, int | None] = {"height": None, "width": None, "channels": None}
    if len(shape) == _IMAGE:
        axes = ("channels", "height", "width") if layout == "NCHW" else ("height", "width", "channels")
        said = dict(zip(axes, shape[1:], strict=True))
    elif len(shape) == _PLANE:
        said = {"height": shape[1], "width": shape[2], "channels": 1}
    resolved = {}
    for name, asked in (("height", spec.height), ("width", spec.width), ("channels", spec.channels)):
        model_says = said[name]
        if model_says is not None and asked not in (None, model_says):
            problems.append(_contradiction(name, model_says, asked))
        if model_says is None and asked is None and name != "channels":
            problems.append(f"it leaves the {name} open: set input.{name}")
        resolved[name] = model_says or asked or (3 if name == "channels" else 1)
    if resolved["channels"] not in _CHANNELS:
        problems.append(f"it takes {resolved['channels']} channels: a stage feeds 1 (grey) or 3 (colour)")
    return resolved["height"], resolved["width"], resolved["channels"]


def _shape(port: Port, layout: Layout, sides: tuple[int, int, int], problems: list[str]) -> tuple[int, ...]:
    height, width, channels = sides
    if len(port.shape) == _IMAGE:
        return (channels, height, width) if layout == "NCHW" else (height, width, channels)
    if len(port.shape) == _PLANE:
        return height, width
    pixels = height * width * channels
    if port.shape[1] not in (None, pixels):
        problems.append(
            f"it takes {port.shape[1]} numbers per image, but {width} x {height} x {channels} make {pixels}: "
            "change input.width, input.height or input.channels"
        )
    return (pixels,)


def _per_channel(name: str, values: list[float] | None, channels: int, problems: list[str]) -> tuple[float, ...]:
    if values and len(values) not in (1, channels):
        problems.append(f"it takes {channels} channels, input.{name} has {len(values)} numbers: give 1 or {channels}")
    return tuple(values * channels if len(values) == 1 else values) if values else ()


def _contradiction(field: str, model: object, pipeline: object) -> str:
    return f"its {field} is {model}, input.{field} says {pipeline}: set it to {model} or leave it out"
