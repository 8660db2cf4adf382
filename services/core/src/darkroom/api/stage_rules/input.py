"""Validation rules about the input of a stage."""

from collections.abc import Callable, Iterator

from darkroom.api.input import Input, Preset, Resize
from darkroom.api.pipeline import ImagePipeline
from darkroom.api.rule import Path, Rule, stages

_MAY_RESIZE: dict[Resize, tuple[Preset, ...]] = {
    "Crop": ("ImageNet", "Clip"),
    "Letterbox": ("Yolo", "YoloX", "PaddleOcr"),
}
"""By resize mode: the presets that use it unless `resize` is set."""


def _resizes(spec: Input, resize: Resize) -> bool:
    return spec.resize == resize or (spec.resize is None and spec.preset in _MAY_RESIZE[resize])


def _resizes_cel(resize: Resize) -> str:
    presets = ", ".join(f"'{preset}'" for preset in _MAY_RESIZE[resize])
    return f"(has(self.resize) ? self.resize == '{resize}' : has(self.preset) && self.preset in [{presets}])"


def _crop_fraction_without_crop(spec: Input) -> Iterator[Path]:
    if spec.crop_fraction is not None and not _resizes(spec, "Crop"):
        yield "cropFraction"


def _pad_without_letterbox(spec: Input) -> Iterator[Path]:
    if spec.pad is not None and not _resizes(spec, "Letterbox"):
        yield "pad"


def _two_pad_values(spec: Input) -> Iterator[Path]:
    if spec.pad is not None and spec.pad.value is not None and spec.pad.values is not None:
        yield "pad"


def _sides_of_fixed_size(spec: Input) -> Iterator[Path]:
    fixed = sum(side is not None for side in (spec.width, spec.height))
    if spec.shortest_side is not None and fixed:
        yield "shortestSide"
    if spec.longest_side is not None and fixed == len(("width", "height")):
        yield "longestSide"


def _short_above_long(spec: Input) -> Iterator[Path]:
    if spec.shortest_side is not None and spec.longest_side is not None and spec.shortest_side > spec.longest_side:
        yield "shortestSide"


def _shrink_without_minimum(spec: Input) -> Iterator[Path]:
    if spec.shrink is False and (spec.shortest_side is None or spec.enlarge is False):
        yield "shrink"


def _values_per_channel(spec: Input) -> Iterator[Path]:
    lists = {"mean": spec.mean, "std": spec.std, "pad.values": spec.pad.values if spec.pad else None}
    for field, values in lists.items():
        if values is not None and len(values) not in {1, spec.channels or 3}:
            yield field


_PER_CHANNEL = "({0} || size(self.{1}) == 1 || size(self.{1}) == (has(self.channels) ? self.channels : 3))"


def _rule(cel: str, message: str, broken: Callable[[Input], Iterator[Path]]) -> Rule:
    def of_all_stages(pipeline: ImagePipeline) -> Iterator[Path]:
        for path, stage in stages(pipeline):
            for field in broken(stage.input):
                yield f"{path}.input.{field}"

    return Rule("spec.stages[].input", cel, message, of_all_stages)


INPUT_RULES = (
    _rule(
        " && ".join(
            (
                _PER_CHANNEL.format("!has(self.mean)", "mean"),
                _PER_CHANNEL.format("!has(self.std)", "std"),
                _PER_CHANNEL.format("!has(self.pad) || !has(self.pad.values)", "pad.values"),
            )
        ),
        "mean, std and pad.values must have one value, or one value per channel",
        _values_per_channel,
    ),
    _rule(
        f"!has(self.cropFraction) || {_resizes_cel('Crop')}",
        "cropFraction is only for resize: Crop",
        _crop_fraction_without_crop,
    ),
    _rule(
        f"!has(self.pad) || {_resizes_cel('Letterbox')}",
        "pad is only for resize: Letterbox",
        _pad_without_letterbox,
    ),
    _rule(
        "!has(self.pad) || !has(self.pad.value) || !has(self.pad.values)",
        "set only one of pad.value and pad.values",
        _two_pad_values,
    ),
    _rule(
        "(!has(self.shortestSide) || (!has(self.width) && !has(self.height))) "
        "&& (!has(self.longestSide) || !has(self.width) || !has(self.height))",
        "shortestSide cannot be combined with width or height, nor longestSide with both: "
        "they are for models that leave a side open",
        _sides_of_fixed_size,
    ),
    _rule(
        "!has(self.shortestSide) || !has(self.longestSide) || self.shortestSide <= self.longestSide",
        "shortestSide must not exceed longestSide",
        _short_above_long,
    ),
    _rule(
        "!has(self.shrink) || self.shrink || (has(self.shortestSide) && (!has(self.enlarge) || self.enlarge))",
        "shrink: false is only for shortestSide, and cannot be combined with enlarge: false",
        _shrink_without_minimum,
    ),
)
