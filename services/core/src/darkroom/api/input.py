"""`stages[].input` of an ImagePipeline: how an image becomes the model's input."""

from typing import Annotated, Literal

from pydantic import Field

from darkroom.schema import StrictModel


class Input(StrictModel):
    """How an image becomes the model's input. Omitted fields are read from the model file.

    Each pixel value x becomes (x * scale - mean) / std, per channel.
    """

    width: int | None = Field(None, ge=1, le=16_384, description="Width in pixels.")
    height: int | None = Field(None, ge=1, le=16_384, description="Height in pixels.")
    channels: Literal[1, 3] | None = Field(None, description="Number of channels: 1 for grey, 3 for colour.")
    resize: Literal["Stretch", "Letterbox", "Crop"] = Field(
        "Stretch", description="Stretch ignores the aspect ratio, Letterbox pads with black, Crop keeps the centre."
    )
    scale: float | None = Field(
        None, gt=0, description="Factor for pixel values 0 to 255. Defaults to 1/255, or to 1 for UInt8."
    )
    mean: list[float] | None = Field(
        None, min_length=1, max_length=3, description="Mean: one value for all channels, or one per channel."
    )
    std: list[Annotated[float, Field(gt=0)]] | None = Field(
        None,
        min_length=1,
        max_length=3,
        description="Standard deviation: one value for all channels, or one per channel.",
    )
    layout: Literal["NCHW", "NHWC"] | None = Field(None, description="Axis order of the input tensor.")
    dtype: Literal["Float32", "Float16", "UInt8"] | None = Field(None, description="Element type of the input tensor.")
    colors: Literal["RGB", "BGR"] = Field("RGB", description="Channel order.")
    preprocessing: Literal["Fast", "Exact"] = Field(
        "Fast",
        description="Fast lets the JPEG decoder scale a large image down; Exact decodes it in full and antialiases.",
    )
