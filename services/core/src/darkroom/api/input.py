"""`stages[].input` of an ImagePipeline: how an image becomes the model's input."""

from typing import Annotated, Literal

from pydantic import Field, WithJsonSchema

from darkroom.schema import StrictModel

Preset = Literal["ImageNet", "Yolo", "YoloX", "Clip", "Tf", "Caffe", "PaddleOcr", "Raw"]
Resize = Literal["Stretch", "Letterbox", "Crop"]
Interpolation = Literal["Bilinear", "Bicubic", "Nearest", "Area"]
Layout = Literal["NCHW", "NHWC"]
DType = Literal["Float32", "Float16", "UInt8"]
ColorOrder = Literal["RGB", "BGR"]
Preprocessing = Literal["Fast", "Exact"]
PadAt = Literal["Center", "TopLeft"]

MAX_SIDE = 16_384
"""The longest side that a manifest may ask for, in pixels."""

Side = Annotated[int, Field(ge=1, le=MAX_SIDE)]
Level = Annotated[int, Field(ge=0, le=255)]
"""A pixel value."""

Scalar = bool | int | float
Constant = Scalar | list[Scalar] | list[list[Scalar]]
"""The value of an extra input: a number, a list, or a list of lists."""

_UNTYPED = WithJsonSchema({"type": "object", "x-kubernetes-preserve-unknown-fields": True})


class Pad(StrictModel):
    """The border of a letterboxed image."""

    value: Level | None = Field(None, description="Pixel value of the border in all channels. Defaults to 0, black.")
    values: list[Level] | None = Field(
        None,
        min_length=1,
        max_length=3,
        description="Pixel value of the border in each channel, in the order of colors. Alternative to value.",
    )
    at: PadAt | None = Field(
        None, description="Position of the image: Center (the default), or TopLeft with the border right and below."
    )


class Input(StrictModel):
    """How an image becomes the model's input. Omitted fields come from the preset and the model file.

    Each pixel value x becomes (x * scale - mean) / std, per channel.
    """

    preset: Preset | None = Field(
        None,
        description="Pre-processing of a family of models. Sets the fields below; a field that is set overrides it.",
    )
    width: Side | None = Field(
        None,
        description="Width in pixels. If the model leaves it open and height is set, it follows the aspect ratio.",
    )
    height: Side | None = Field(
        None,
        description="Height in pixels. If the model leaves it open and width is set, it follows the aspect ratio.",
    )
    longest_side: Side | None = Field(
        None,
        description="For models that leave width and height open: length of the longer side. If shortestSide, "
        "width or height is set: its maximum, 4096 by default.",
    )
    shortest_side: Side | None = Field(
        None, description="For models that leave width and height open: length of the shorter side."
    )
    multiple_of: Annotated[int, Field(ge=1, le=1_024)] | None = Field(
        None,
        description="For models that leave a side open: sides are multiples of this. Stretch takes the nearest "
        "multiple, or the next larger one for a single open side; Letterbox pads to the next larger one; Crop cuts "
        "to the next smaller one.",
    )
    enlarge: bool | None = Field(
        None,
        description="Whether an image smaller than the input is enlarged by Letterbox, longestSide and shortestSide. "
        "Defaults to true.",
    )
    shrink: bool | None = Field(
        None,
        description="Whether an image whose shorter side exceeds shortestSide is made smaller. If false, shortestSide "
        "is a minimum and longestSide still the maximum, as in PaddleOCR's limit_type min. Defaults to true.",
    )
    channels: Literal[1, 3] | None = Field(None, description="Number of channels: 1 for grey, 3 for colour.")
    resize: Resize | None = Field(
        None,
        description="Stretch (the default) ignores the aspect ratio, Letterbox keeps it and adds a border, Crop keeps "
        "it and cuts off what exceeds the input, around the centre.",
    )
    crop_fraction: Annotated[float, Field(gt=0, le=1)] | None = Field(
        None,
        description="For Crop: the image's short side becomes the input's side divided by this, before the centre is "
        "cut out. Defaults to 1.",
    )
    pad: Pad | None = Field(None, description="For Letterbox: the border. Defaults to black on both sides.")
    interpolation: Interpolation | None = Field(None, description="Filter for resizing. Defaults to Bilinear.")
    antialias: bool | None = Field(
        None,
        description="Whether the filter widens when an image is made smaller, as in Pillow (true, the default), or "
        "reads the nearest pixels only, as in OpenCV (false).",
    )
    scale: float | None = Field(
        None, gt=0, description="Factor for pixel values 0 to 255. Defaults to 1/255, or to 1 for UInt8."
    )
    mean: list[float] | None = Field(
        None,
        min_length=1,
        max_length=3,
        description="Value that is subtracted after scaling: one for all channels, or one per channel. Defaults to 0.",
    )
    std: list[Annotated[float, Field(gt=0)]] | None = Field(
        None,
        min_length=1,
        max_length=3,
        description="Divisor after the mean is subtracted: one for all channels, or one per channel. Defaults to 1.",
    )
    layout: Layout | None = Field(None, description="Axis order of the input tensor.")
    dtype: DType | None = Field(None, description="Element type of the input tensor.")
    colors: ColorOrder | None = Field(None, description="Channel order. Defaults to RGB.")
    preprocessing: Preprocessing | None = Field(
        None,
        description="Fast (the default) lets the JPEG decoder scale a large image down; Exact decodes it in full and "
        "resizes it to the pixels of Pillow.",
    )
    extra_inputs: Annotated[dict[str, Constant], _UNTYPED] = Field(
        default_factory=dict,
        description="Constants for extra inputs of the model, by name: a number or a list. scale_factor, im_shape "
        "and orig_target_sizes are filled in for each image.",
    )
