"""Resolving a stage's input from the model file and the pipeline.

The model file takes precedence: the pipeline sets what the file leaves open, and the stage does not start if the two
contradict each other.
"""

from dataclasses import dataclass
from typing import Literal, TypeVar

from darkroom.api.input import ColorOrder, DType, Input, Interpolation, Layout, Preprocessing
from darkroom_vision.imaging.framing import MAX_OPEN_SIDE, Framing
from darkroom_vision.imaging.geometry import Size
from darkroom_vision.model.extra_inputs import FACTS, ExtraInputs, resolve_extra_inputs
from darkroom_vision.model.presets import PresetValues, preset_values
from darkroom_vision.model.session import ModelError, Port, shape_text

Form = Literal["Batch", "Single", "Plane", "Flat"]
"""Axes of an input: (N, C, H, W) or (N, H, W, C); the same without N; (N, H, W); (N, pixels)."""

_DTYPES: dict[str, DType] = {"tensor(float)": "Float32", "tensor(float16)": "Float16", "tensor(uint8)": "UInt8"}
_CHANNELS = (1, 3)
_COLOUR = 3
_FLAT, _PLANE, _IMAGE = 2, 3, 4
"""Ranks of an input."""
_T = TypeVar("_T")


class ModelMismatch(ModelError):
    """The pipeline and the model file contradict each other, or neither sets a required value."""

    def __init__(self, uri: str, problems: list[str]) -> None:
        self.problems = problems
        super().__init__(f"model {uri}: {'; '.join(problems)}")


@dataclass(frozen=True, slots=True)
class ResolvedInput:
    """A stage's input with all values set.

    Attributes:
        name: name of the model's input that takes the image.
        framing: how images are placed in it.
        mean, std, pad: one number per channel; `pad` is the border's pixel value.
        form: the axes of the tensor.
        extra: the values of the model's extra inputs.
    """

    name: str
    framing: Framing
    channels: int
    layout: Layout
    dtype: DType
    scale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]
    pad: tuple[int, ...]
    interpolation: Interpolation
    antialias: bool
    colors: ColorOrder
    preprocessing: Preprocessing
    form: Form
    extra: ExtraInputs

    def shape(self, size: Size) -> tuple[int, ...]:
        """The shape of the tensor for one image in an input of `size` = (width, height)."""
        width, height = size
        match self.form:
            case "Plane":
                return 1, height, width
            case "Flat":
                return 1, height * width * self.channels
        image = (self.channels, height, width) if self.layout == "NCHW" else (height, width, self.channels)
        return image if self.form == "Single" else (1, *image)


def resolve_input(uri: str, spec: Input, ports: tuple[Port, ...]) -> ResolvedInput:
    """The input in the model file, completed by `spec`.

    Raises:
        ModelMismatch: model and pipeline contradict each other; lists every contradiction and what to change.
    """
    problems: list[str] = []
    port = _image_port(uri, spec, ports)
    form = _form(port)
    if form is None or port.type not in _DTYPES:
        raise ModelMismatch(uri, [_unusable(port)])
    dtype = _DTYPES[port.type]
    if form != "Single" and port.shape[0] not in (None, 1):
        problems.append(f"its batch size is {port.shape[0]}: export it with a batch size of 1 or a dynamic one")
    if spec.dtype not in (None, dtype):
        problems.append(_contradiction("dtype", dtype, spec.dtype))
    axes = port.shape if form == "Single" else port.shape[1:]
    layout = _layout(spec, form, axes, problems)
    height, width, channels = _sides(spec, form, axes, layout, problems)
    values = preset_values(spec.preset, height)
    framing = _framing(spec, values, form, (width, height), problems)
    if form == "Flat":
        _check_pixels(axes[0], framing, channels, problems)
    extra = resolve_extra_inputs([p for p in ports if p is not port], spec.extra_inputs, problems)
    normalised = dtype != "UInt8"  # a uint8 model normalises pixels itself
    scale = _first(spec.scale, values.scale if normalised else 1.0, 1 / 255)
    mean = _per_channel("mean", spec.mean, list(values.mean) if normalised else [0.0], spec, channels, problems)
    std = _per_channel("std", spec.std, list(values.std) if normalised else [1.0], spec, channels, problems)
    pad = _pad(spec, values, channels, problems)
    if problems:
        raise ModelMismatch(uri, problems)
    return ResolvedInput(
        name=port.name,
        framing=framing,
        channels=channels,
        layout=layout,
        dtype=dtype,
        scale=scale,
        mean=mean,
        std=std,
        pad=pad,
        interpolation=spec.interpolation or values.interpolation,
        antialias=_first(spec.antialias, values.antialias),
        colors=spec.colors or values.colors,
        preprocessing=spec.preprocessing or "Fast",
        form=form,
        extra=extra,
    )


def _image_port(uri: str, spec: Input, ports: tuple[Port, ...]) -> Port:
    """The input that takes the image: the only one without another use, or the only one of rank 4."""
    candidates = [port for port in ports if port.name not in spec.extra_inputs and port.name not in FACTS]
    if len(candidates) > 1:
        candidates = [p for p in candidates if len(p.shape) == _IMAGE and p.type in _DTYPES] or candidates
    if len(candidates) != 1:
        described = ", ".join(f"{port.name} {shape_text(port.shape)}" for port in ports) or "none"
        raise ModelMismatch(
            uri,
            [
                f"it has {len(ports)} inputs ({described}), and it is unclear which one takes the image: "
                "give the others a value in input.extraInputs"
                if ports
                else "it has no input"
            ],
        )
    return candidates[0]


def _form(port: Port) -> Form | None:
    shape = port.shape
    if len(shape) == _PLANE:
        colour_last = shape[2] == _COLOUR and (shape[0] not in (None, 1) or shape[1] is None)
        return "Single" if shape[0] == _COLOUR or colour_last else "Plane"
    return {_FLAT: "Flat", _IMAGE: "Batch"}.get(len(shape))  # type: ignore[return-value]


def _unusable(port: Port) -> str:
    return (
        f"its input {port.name!r} is {port.type} of shape {shape_text(port.shape)}: a stage feeds images as float, "
        "float16 or uint8 of shape (N, C, H, W), (N, H, W, C), (N, H, W) or (N, pixels)"
    )


def _layout(spec: Input, form: Form, axes: tuple[int | None, ...], problems: list[str]) -> Layout:
    """The layout, by the axis with 1 or 3 channels; the preset's if that axis is open or ambiguous."""
    if form in ("Plane", "Flat"):
        return spec.layout or "NCHW"
    first, last = axes[0] in _CHANNELS, axes[2] in _CHANNELS
    found: Layout | None = None if first == last else "NCHW" if first else "NHWC"
    if found and spec.layout not in (None, found):
        problems.append(_contradiction("layout", found, spec.layout))
    return found or spec.layout or preset_values(spec.preset, None).layout


def _sides(
    spec: Input, form: Form, axes: tuple[int | None, ...], layout: Layout, problems: list[str]
) -> tuple[int | None, int | None, int]:
    """(height, width, channels); None for a side that depends on the image."""
    said: dict[str, int | None] = {"height": None, "width": None, "channels": None}
    if form in ("Batch", "Single"):
        names = ("channels", "height", "width") if layout == "NCHW" else ("height", "width", "channels")
        said = dict(zip(names, axes, strict=True))
    elif form == "Plane":
        said = {"height": axes[0], "width": axes[1], "channels": 1}
    resolved = {}
    for name, asked in (("height", spec.height), ("width", spec.width), ("channels", spec.channels)):
        model_says = said[name]
        if model_says is not None and asked not in (None, model_says):
            problems.append(_contradiction(name, model_says, asked))
        resolved[name] = model_says or asked
    channels = resolved["channels"] or _COLOUR
    if channels not in _CHANNELS:
        problems.append(f"it takes {channels} channels: a stage feeds 1 (grey) or 3 (colour)")
    return resolved["height"], resolved["width"], channels


def _framing(
    spec: Input, values: PresetValues, form: Form, size: tuple[int | None, int | None], problems: list[str]
) -> Framing:
    width, height = size
    longest, shortest = spec.longest_side, spec.shortest_side
    if width is None and height is None and longest is None and shortest is None and form != "Flat":
        width = height = values.side
        longest = values.longest_side
        if width is None and longest is None:
            problems.append("it leaves width and height open: set input.width and input.height, or input.longestSide")
    elif form == "Flat":
        problems.extend(f"it leaves the {name} open: set input.{name}" for name in _open_sides(width, height))
    resize = spec.resize or values.resize
    is_open = width is None or height is None
    if not is_open and (longest is not None or shortest is not None):
        problems.append(
            f"its size is {width} x {height}: input.longestSide and input.shortestSide are for models that leave it "
            "open: remove them"
        )
    if is_open and spec.crop_fraction is not None:
        problems.append("input.cropFraction needs a fixed size: set input.width and input.height")
    if spec.enlarge is False and resize != "Letterbox" and not (width is None and height is None):
        problems.append("input.enlarge is for Letterbox, longestSide and shortestSide: remove it")
    return Framing(
        width=width,
        height=height,
        resize=resize,
        crop_fraction=_first(spec.crop_fraction, values.crop_fraction),
        pad_at=(spec.pad.at if spec.pad else None) or values.pad_at,
        enlarge=_first(spec.enlarge, values.enlarge or spec.shrink is False),
        shrink=_first(spec.shrink, True),
        longest_side=longest or max(MAX_OPEN_SIDE, shortest or 0),
        shortest_side=shortest,
        multiple_of=spec.multiple_of or values.multiple_of,
        rounding=values.rounding,
    )


def _open_sides(width: int | None, height: int | None) -> list[str]:
    return [name for name, side in (("height", height), ("width", width)) if side is None]


def _check_pixels(numbers: int | None, framing: Framing, channels: int, problems: list[str]) -> None:
    if framing.size is None:
        return
    width, height = framing.size
    pixels = height * width * channels
    if numbers not in (None, pixels):
        problems.append(
            f"it takes {numbers} numbers per image, but {width} x {height} x {channels} make {pixels}: "
            "change input.width, input.height or input.channels"
        )


def _per_channel(
    name: str, said: list[float] | None, otherwise: list[float], spec: Input, channels: int, problems: list[str]
) -> tuple[float, ...]:
    values = said or otherwise
    if len(values) in (1, channels):
        return tuple(values * channels if len(values) == 1 else values)
    if said:
        problems.append(f"it takes {channels} channels, input.{name} has {len(values)} numbers: give 1 or {channels}")
    else:
        problems.append(
            f"it takes {channels} channels, the {name} of preset {spec.preset} is for {len(values)}: set input.{name}"
        )
    return ()


def _pad(spec: Input, values: PresetValues, channels: int, problems: list[str]) -> tuple[int, ...]:
    if spec.pad is None or spec.pad.values is None:
        value = spec.pad.value if spec.pad else None
        return (_first(value, values.pad),) * channels
    said = spec.pad.values
    if len(said) not in (1, channels):
        problems.append(f"it takes {channels} channels, input.pad.values has {len(said)} numbers: give {channels}")
    return tuple(said * channels if len(said) == 1 else said)


def _contradiction(field: str, model: object, pipeline: object) -> str:
    return f"its {field} is {model}, input.{field} says {pipeline}: set it to {model} or remove it"


def _first(*choices: _T | None) -> _T:
    """The first choice that is not None."""
    return next(choice for choice in choices if choice is not None)
