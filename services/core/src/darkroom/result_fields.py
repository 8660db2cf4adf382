"""What a model has seen: the fields of a result, for each type of output.

Coordinates are in pixels of the upright image (the EXIF orientation applied), from its upper left corner.
"""

from pydantic import Field

from darkroom.schema import TolerantModel


class Box(TolerantModel):
    """A rectangle."""

    x: float = Field(description="Left edge. Of an oriented box, before it is rotated.")
    y: float = Field(description="Top edge. Of an oriented box, before it is rotated.")
    width: float
    height: float
    angle: float | None = Field(
        None, description="OrientedDetection: rotation about the centre of the box, in degrees, clockwise, 0 to 180."
    )


class Mask(TolerantModel):
    """Pixels of the image, in COCO's compressed run-length encoding, as pycocotools reads it."""

    size: list[int] = Field(min_length=2, max_length=2, description="[height, width] of the image.")
    counts: str = Field(description="Lengths of runs of 0 and 1 in turn, column by column, as text.")


class Keypoint(TolerantModel):
    """A point of an object."""

    name: str | None = Field(None, description="Absent if the pipeline does not name keypoints.")
    x: float
    y: float
    score: float | None = Field(None, description="Absent if the model gives none.")


class Prediction(TolerantModel):
    """One class that the image may belong to, or one object in it."""

    label: str = Field(description="Name of the class. Its index if the pipeline has no labels.")
    index: int = Field(ge=0, description="Index of the class in the model's output, without the background.")
    score: float
    box: Box | None = Field(None, description="Types with boxes: where the object is.")
    mask: Mask | None = Field(None, description="InstanceSegmentation: pixels of the object.")
    keypoints: list[Keypoint] | None = Field(None, description="Keypoints: points of the object.")


class ClassArea(TolerantModel):
    """The part of the image that belongs to a class."""

    label: str = Field(description="Name of the class. Its index if the pipeline has no labels.")
    index: int = Field(ge=0, description="Index of the class in the model's output.")
    fraction: float = Field(description="Fraction of the image's pixels, 0 to 1.")
    mask: Mask | None = Field(None, description="Pixels of the class. Absent if it was dropped.")


class Text(TolerantModel):
    """A line of text."""

    text: str
    score: float = Field(description="Mean probability of the characters.")


class Anomaly(TolerantModel):
    """How much the image differs from normal ones."""

    score: float
    anomalous: bool
    mask: Mask | None = Field(None, description="Pixels that are anomalous. Absent if the model does not locate them.")


class Tensor(TolerantModel):
    """The model's raw output, in row-major order."""

    name: str
    shape: list[int]
    dtype: str = Field(description="ONNX element type in lower case, such as float32 or int64.")
    data: list[float | int | bool]
