"""The output block of a stage: how to read the model's output."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import Field

from darkroom.api.uris import URI_PATTERN
from darkroom.schema import StrictModel

OutputType = Literal[
    "Classification",
    "MultiLabel",
    "Detection",
    "OrientedDetection",
    "Segmentation",
    "InstanceSegmentation",
    "Keypoints",
    "Embedding",
    "Text",
    "Anomaly",
    "Tensor",
]

OutputFormat = Literal[
    "Auto",
    "YoloV8",
    "YoloV5",
    "YoloX",
    "YoloEndToEnd",
    "RtDetr",
    "Detr",
    "Torchvision",
    "TensorFlow",
    "Paddle",
    "DbNet",
    "Logits",
    "ClassIds",
    "Probability",
    "Ctc",
    "Anomalib",
]

FORMATS: Final[Mapping[str, tuple[str, ...]]] = {
    "Detection": (
        "YoloV8",
        "YoloV5",
        "YoloX",
        "YoloEndToEnd",
        "RtDetr",
        "Detr",
        "Torchvision",
        "TensorFlow",
        "Paddle",
        "DbNet",
    ),
    "OrientedDetection": ("YoloV8", "YoloEndToEnd", "DbNet"),
    "InstanceSegmentation": ("YoloV8", "YoloV5", "YoloEndToEnd", "Torchvision"),
    "Keypoints": ("YoloV8", "YoloEndToEnd", "Torchvision"),
    "Segmentation": ("Logits", "ClassIds", "Probability"),
    "Text": ("Ctc",),
    "Anomaly": ("Anomalib",),
}
"""The formats of each type, without Auto. Types that are not here have no formats."""

BOX_TYPES: Final = ("Detection", "OrientedDetection", "InstanceSegmentation", "Keypoints")
"""The types whose predictions have boxes."""

SCORE_TYPES: Final = ("Classification", "MultiLabel")
"""The types that read the score of each class for the whole image."""


class Output(StrictModel):
    """How to read the model's output."""

    type: OutputType = Field(description="Kind of result.")
    format: OutputFormat = Field(
        "Auto",
        description="Layout of the output's numbers. Auto recognises it from names, shapes and values, and refuses "
        "a model that could be read in several ways.",
    )
    name: str | None = Field(
        None,
        min_length=1,
        description="Name of the model output to read. Defaults to the first that fits the type.",
    )
    labels: list[str] | None = Field(
        None, min_length=1, max_length=10_000, description="Class names, in the order of the model's output."
    )
    labels_uri: str | None = Field(
        None,
        pattern=URI_PATTERN,
        description="A text file with one class name per line, in place of labels.",
    )
    top_k: int | None = Field(
        None,
        ge=1,
        le=1_000,
        description="Classification and MultiLabel: maximum number of predictions per image. "
        "Defaults to 3 for Classification, and to all for MultiLabel.",
    )
    threshold: float | None = Field(
        None,
        ge=0,
        description="Predictions with a lower score are dropped. Defaults to 0 for Classification and Text, 0.25 for "
        "types with boxes (0.6 with the format DbNet), and 0.5 for MultiLabel and the format Probability. "
        "Anomaly: score from which an image is anomalous; defaults to the model's own decision.",
    )
    iou_threshold: float | None = Field(
        None,
        gt=0,
        le=1,
        description="Types with boxes: of two boxes whose intersection over union is higher, only the one with the "
        "higher score is kept. Defaults to 0.7, with the format YoloV5 to 0.45. Not used by formats without "
        "overlapping boxes.",
    )
    max_detections: int | None = Field(
        None,
        ge=1,
        le=10_000,
        description="Types with boxes: maximum number of predictions per image, best first. Defaults to 300.",
    )
    class_agnostic: bool = Field(
        False, description="Types with boxes: compare boxes of different classes too when dropping overlapping ones."
    )
    activation: Literal["Softmax", "Sigmoid", "None"] | None = Field(
        None,
        description="Function that turns the raw scores of Classification and MultiLabel into scores. "
        "Defaults to None for Classification, and to Sigmoid for MultiLabel.",
    )
    normalize: bool = Field(False, description="Embedding: divide the vector by its Euclidean (L2) norm.")
    keypoint_names: list[Annotated[str, Field(min_length=1, max_length=100)]] | None = Field(
        None, min_length=1, max_length=1_000, description="Keypoints: names of the points, in the model's order."
    )
