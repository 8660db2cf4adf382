"""Settings from files next to a model: configurations of Hugging Face and timm, and a list of labels."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from darkroom_cli.exit_codes import InvalidInput
from darkroom_vision.sources.files import label_lines

_LARGEST_FILE = 4 << 20
_RESAMPLE = {0: "Nearest", 2: "Bilinear", 3: "Bicubic", 4: "Area"}
"""Pillow's numbers, which Hugging Face writes."""
_INTERPOLATIONS = {"nearest": "Nearest", "bilinear": "Bilinear", "bicubic": "Bicubic"}
_LABEL_FILES = ("labels.txt", "classes.txt", "names.txt")
_CHANNELS = 3


@dataclass(frozen=True)
class Neighbours:
    """The settings found.

    Attributes:
        input: fields of a stage's input, with their names in a manifest.
        input_file: name of the file with the input fields.
        labels: labels of the classes.
        labels_file: name of the file with the labels.
        labels_are_lines: whether the labels file can be used as the stage's `labelsUri`.
    """

    input: Mapping[str, Any] = field(default_factory=dict)
    input_file: str = ""
    labels: tuple[str, ...] = ()
    labels_file: str = ""
    labels_are_lines: bool = False


def read_neighbours(model: Path, output_type: str) -> Neighbours:
    """Read `preprocessor_config.json`, `config.json`, and a text file with labels, in the folder of `model`.

    Args:
        model: the ONNX file.
        output_type: of its stage; for Text, lines of labels are characters.

    Raises:
        InvalidInput: an existing file can't be read.
    """
    processor, config = _json(model.with_name("preprocessor_config.json")), _json(model.with_name("config.json"))
    from_processor, from_timm = hugging_face_input(processor), timm_input(config.get("pretrained_cfg"))
    labels = _labels_of_config(config)
    if (lines := _label_file(model)) is not None:
        names = tuple(label_lines(_text(lines), output_type))
        return Neighbours(*_chosen(from_processor, from_timm), names, lines.name, labels_are_lines=True)
    return Neighbours(*_chosen(from_processor, from_timm), labels, "config.json" if labels else "")


def hugging_face_input(config: Mapping[str, Any]) -> dict[str, Any]:
    """The input according to an image processor of Transformers.

    Source: transformers, BaseImageProcessor: do_resize, size, do_center_crop, crop_size, resample, do_rescale,
    rescale_factor, do_normalize, image_mean and image_std.
    """
    fields: dict[str, Any] = {}
    if not isinstance(config.get("size"), dict | int) and "image_mean" not in config:
        return fields
    size, crop = _size(config.get("size")), _size(config.get("crop_size"))
    if config.get("do_center_crop") and crop is not None:
        fields |= {"width": crop[1], "height": crop[0], "resize": "Crop"}
        short = _short_side(config.get("size"))
        if short and short >= crop[0]:
            fields["cropFraction"] = round(crop[0] / short, 6)
    elif isinstance(fraction := config.get("crop_pct"), int | float) and (short := _short_side(config.get("size"))):
        # ConvNext's processor resizes the short side to size / crop_pct, and then crops.
        fields |= {"width": short, "height": short, "resize": "Crop", "cropFraction": fraction}
    elif size is not None:
        padded = config.get("do_pad") and isinstance(config.get("pad_size"), dict)
        fields |= {"width": size[1], "height": size[0], "resize": "Letterbox" if padded else "Stretch"}
    elif isinstance(config.get("size"), dict) and isinstance(config["size"].get("longest_edge"), int):
        longest, short = config["size"]["longest_edge"], _short_side(config["size"])
        fields |= {"longestSide": longest} | ({"shortestSide": short} if short else {})
    if (filtered := _RESAMPLE.get(config.get("resample", 2))) is not None:
        fields["interpolation"] = filtered
    factor = config.get("rescale_factor", 1 / 255) if config.get("do_rescale", True) else 1
    if isinstance(factor, int | float) and factor > 0:
        fields["scale"] = float(factor)
    return fields | (
        _normalised(config.get("image_mean"), config.get("image_std")) if config.get("do_normalize", True) else {}
    )


def timm_input(config: Any) -> dict[str, Any]:
    """The input according to timm's `pretrained_cfg`: its evaluation transform."""
    if not isinstance(config, dict):
        return {}
    fields: dict[str, Any] = {}
    size = config.get("input_size")
    if isinstance(size, list) and len(size) == _CHANNELS and all(isinstance(n, int) for n in size):
        fields |= {"width": size[2], "height": size[1]}
    fraction, mode = config.get("crop_pct"), config.get("crop_mode", "center")
    if mode == "squash":
        fields["resize"] = "Stretch"
    else:
        fields["resize"] = "Crop"
        if isinstance(fraction, int | float) and 0 < fraction < 1:
            fields["cropFraction"] = fraction
    if (filtered := _INTERPOLATIONS.get(str(config.get("interpolation")))) is not None:
        fields["interpolation"] = filtered
    return fields | _normalised(config.get("mean"), config.get("std"))


def _normalised(mean: Any, std: Any) -> dict[str, Any]:
    """The fields `mean` and `std`, for values that `scale` has converted to 0..1."""
    fields = {}
    for name, values in (("mean", mean), ("std", std)):
        if (
            isinstance(values, list)
            and len(values) in (1, _CHANNELS)
            and all(isinstance(n, int | float) for n in values)
        ):
            fields[name] = [float(n) for n in values]
    return fields


def _size(value: Any) -> tuple[int, int] | None:
    """(height, width)."""
    if isinstance(value, int):
        return value, value
    if not isinstance(value, dict):
        return None
    if isinstance(value.get("height"), int) and isinstance(value.get("width"), int):
        return value["height"], value["width"]
    return None


def _short_side(value: Any) -> int | None:
    if isinstance(value, dict) and isinstance(value.get("shortest_edge"), int):
        return int(value["shortest_edge"])
    size = _size(value)
    return min(size) if size else None


def _labels_of_config(config: Mapping[str, Any]) -> tuple[str, ...]:
    """From Transformers' `id2label`, or timm's `label_names`."""
    named = config.get("id2label")
    if isinstance(named, dict):
        try:
            by_index = {int(index): str(name) for index, name in named.items()}
        except ValueError:
            return ()
        if sorted(by_index) == list(range(len(by_index))):
            return tuple(by_index[i] for i in range(len(by_index)))
    names = config.get("label_names")
    return tuple(map(str, names)) if isinstance(names, list) else ()


def _chosen(processor: dict[str, Any], timm: dict[str, Any]) -> tuple[dict[str, Any], str]:
    if processor:
        return processor, "preprocessor_config.json"
    return (timm, "config.json") if timm else ({}, "")


def _label_file(model: Path) -> Path | None:
    names = (f"{model.stem}.txt", f"{model.stem}.labels.txt", *_LABEL_FILES)
    return next((model.with_name(name) for name in names if model.with_name(name).is_file()), None)


def _json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        found = json.loads(_text(path))
    except (json.JSONDecodeError, RecursionError) as error:
        raise InvalidInput(f"{path} is not JSON: {error}") from error
    return found if isinstance(found, dict) else {}


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise InvalidInput(f"{path} is larger than {_LARGEST_FILE >> 20} MiB: it is not read")
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} can't be read as text: {error}") from error
