"""The self-tests of a stage: images whose results its workers must reproduce before they take other images."""

from typing import Annotated, Final

from pydantic import Field

from darkroom.api.uris import URI_PATTERN
from darkroom.schema import StrictModel

SELF_TEST_FAILED: Final = "self-test failed"
"""Part of the message of a worker that did not pass a self-test. The operator recognises it."""

MAX_SELF_TESTS: Final = 10

_QUOTE_Y: Final = 'Write "y" with quotes: kubectl and Helm read a bare y as true.'

Label = Annotated[str, Field(max_length=1_000)]


class ExpectedBox(StrictModel):
    """An expected box, in pixels of the upright image."""

    x: float = Field(description="Left edge, in pixels.")
    y: float = Field(description=f"Top edge, in pixels. {_QUOTE_Y}")
    width: float = Field(description="Width of the box, in pixels.")
    height: float = Field(description="Height of the box, in pixels.")
    angle: float | None = Field(None, description="OrientedDetection: rotation in degrees.")


class ExpectedMask(StrictModel):
    """An expected mask."""

    size: list[int] = Field(min_length=2, max_length=2, description="[height, width] of the image.")
    counts: str = Field(max_length=100_000, description="The pixels, in COCO's run-length encoding.")


class ExpectedKeypoint(StrictModel):
    """An expected keypoint, in pixels of the upright image."""

    name: Label | None = Field(None, description="Name of the point.")
    x: float = Field(description="Distance from the left edge of the image, in pixels.")
    y: float = Field(description=f"Distance from the top edge of the image, in pixels. {_QUOTE_Y}")
    score: float | None = Field(None, description="Score of the point.")


class ExpectedPrediction(StrictModel):
    """An expected prediction."""

    label: Label | None = Field(None, description="Name of the class.")
    index: int | None = Field(None, description="Index of the class.")
    score: float | None = Field(None, description="Score of the class or object.")
    box: ExpectedBox | None = Field(None, description="Types with boxes: where the object is.")
    mask: ExpectedMask | None = Field(None, description="InstanceSegmentation: pixels of the object.")
    keypoints: list[ExpectedKeypoint] | None = Field(
        None, max_length=1_000, description="Keypoints: points of the object."
    )


class ExpectedClass(StrictModel):
    """An expected class in a class map."""

    label: Label | None = Field(None, description="Name of the class.")
    index: int | None = Field(None, description="Index of the class.")
    fraction: float | None = Field(None, description="Fraction of the image's pixels, 0 to 1.")
    mask: ExpectedMask | None = Field(None, description="Pixels of the class.")


class ExpectedText(StrictModel):
    """An expected line of text."""

    text: str = Field(max_length=2_000, description="Expected characters.")
    score: float | None = Field(None, description="Mean probability of the characters.")


class ExpectedAnomaly(StrictModel):
    """An expected anomaly result."""

    score: float | None = Field(None, description="Score of the image.")
    anomalous: bool | None = Field(None, description="Whether the image is anomalous.")
    mask: ExpectedMask | None = Field(None, description="Pixels that are anomalous.")


class ExpectedTensor(StrictModel):
    """An expected raw output."""

    name: Label | None = Field(None, description="Name of the output.")
    shape: list[int] | None = Field(None, max_length=16, description="Shape of the output.")
    dtype: Label | None = Field(None, description="Element type of the output, such as float32.")
    data: list[float] | None = Field(None, max_length=20_000, description="Numbers of the output, in row-major order.")


class Expect(StrictModel):
    """The part of a result that is compared. Fields that are left out are not compared."""

    predictions: list[ExpectedPrediction] | None = Field(
        None,
        max_length=300,
        description="Classification: the best classes. MultiLabel and types with boxes: all predictions, in any order.",
    )
    dropped: int = Field(
        0,
        ge=0,
        description="Number of predictions that are left out here. If it is not 0, predictions with lower scores than "
        "those in the list are allowed.",
    )
    classes: list[ExpectedClass] | None = Field(
        None, max_length=300, description="Segmentation: all classes in the image, in any order."
    )
    text: ExpectedText | None = Field(None, description="Text: the line of text.")
    anomaly: ExpectedAnomaly | None = Field(None, description="Anomaly: the result.")
    embedding: list[float] | None = Field(None, max_length=20_000, description="Embedding: the vector.")
    tensor: ExpectedTensor | None = Field(None, description="Tensor: the raw output.")


class Tolerance(StrictModel):
    """How much a result may differ from the expected one. Only the fields that apply to the output type are used."""

    score: float = Field(
        0.02,
        ge=0,
        description="Largest difference of a score. A prediction as close as "
        "this to the lowest possible score may be missing, or be there in addition.",
    )
    pixels: float = Field(2, ge=0, description="Largest difference of an edge of a box, or of a keypoint, in pixels.")
    angle: float = Field(2, ge=0, le=90, description="Largest difference of the angle of a box, in degrees.")
    iou: float = Field(0.9, ge=0, le=1, description="Smallest intersection over union of a mask and the expected one.")
    fraction: float = Field(0.01, ge=0, le=1, description="Largest difference of the fraction of a class.")
    cosine: float = Field(
        0.99, ge=-1, le=1, description="Smallest cosine similarity of an embedding and the expected one."
    )
    edits: int = Field(0, ge=0, description="Largest number of characters to change to get the expected text.")
    absolute: float = Field(0.001, ge=0, description="Largest difference of a number of a tensor, plus `relative`.")
    relative: float = Field(
        0.001, ge=0, description="Part of the expected number of a tensor that is added to `absolute`."
    )


class SelfTest(StrictModel):
    """An image, and the result that each worker must have for it before it takes other images."""

    image: str = Field(pattern=URI_PATTERN, description="Location of the image, in one of the forms of model.uri.")
    sha256: str | None = Field(
        None, pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the image. The worker refuses a file that differs."
    )
    expect: Expect = Field(description="The expected result, with the fields of the stage's results.")
    tolerance: Tolerance = Field(default_factory=Tolerance, description="How much the result may differ.")
