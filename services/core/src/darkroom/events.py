"""The events in a pipeline's topics: their types, their JSON data, and the headers of dead letters."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import Field

from darkroom.result_fields import Anomaly, ClassArea, Prediction, Tensor, Text
from darkroom.schema import TolerantModel

RECEIVED: Final = "dev.darkroom.image.received"
ANALYZED: Final = "dev.darkroom.image.analyzed"
FAILED: Final = "dev.darkroom.image.failed"

TARGET_STAGE_HEADER: Final = "darkroom-target-stage"
"""Header of an image for one stage only, such as a redriven dead letter. Other stages skip it."""

GENERATION_HEADER: Final = "darkroom-generation"
"""Header of all records that a replay publishes: the replay's name. Workers copy it from an image to its result, so
the result of a redriven dead letter belongs to the replay in which the image failed."""


class Source(TolerantModel):
    """Position of the image in the images topic."""

    topic: str
    partition: int = Field(ge=0)
    offset: int = Field(ge=0)


class ModelUsed(TolerantModel):
    """The model that produced the result."""

    name: str = Field(description="File name of the model.")
    sha256: str = Field(description="Checksum of the model file.")
    external_data: dict[str, str] | None = Field(
        None, description="Checksums of the files with the model's weights, by path. Absent if the model is one file."
    )


class WorkerProcess(TolerantModel):
    """The process that produced the result."""

    name: str = Field(description="Host name of the worker; in Kubernetes that of its pod.")
    process: int = Field(ge=0, description="Number of the process among those of the worker, from 0.")


class ImageSeen(TolerantModel):
    """The decoded image, before resizing."""

    width: int = Field(description="Width in pixels, with the EXIF orientation applied.")
    height: int = Field(description="Height in pixels, with the EXIF orientation applied.")
    format: str = Field(description="jpeg, png, webp, bmp, tiff, gif, avif, heic, jp2 or pnm.")


class Timings(TolerantModel):
    """Processing times, in milliseconds."""

    decode_ms: float
    preprocess_ms: float
    inference_ms: float = Field(description="The image's share of its batch.")


class Analyzed(TolerantModel):
    """Data of `dev.darkroom.image.analyzed`.

    It has one of predictions, classes, text, anomaly, embedding and tensor, depending on the stage's output type.
    """

    image_id: str
    stage: str
    model: ModelUsed
    image: ImageSeen
    output_type: str | None = Field(
        None,
        description="The stage's `output.type`. Absent in results of versions that had only Classification, "
        "Embedding and Tensor.",
    )
    predictions: list[Prediction] | None = Field(
        None, description="Classification, MultiLabel and types with boxes: predictions, best first."
    )
    classes: list[ClassArea] | None = Field(None, description="Segmentation: the classes in the image, largest first.")
    text: Text | None = Field(None, description="Text: the line of text.")
    anomaly: Anomaly | None = Field(None, description="Anomaly: whether and where the image is anomalous.")
    embedding: list[float] | None = Field(None, description="Embedding: the model's output vector.")
    tensor: Tensor | None = Field(None, description="Tensor: the model's raw output.")
    dropped: int | None = Field(
        None,
        description="How many predictions, or masks of classes or anomalies, were left out because the result was "
        "larger than a record of the topic may be: those with the lowest scores, or the smallest. Absent if none was.",
    )
    timings: Timings
    source: Source
    worker: WorkerProcess | None = Field(
        None, description="The process that produced the result. Absent in results of versions that did not write it."
    )
    generation: str | None = Field(
        None, description="Name of the replay that produced the result. Absent if no replay did."
    )

    def to_json(self) -> bytes:
        """The event's data: JSON in UTF-8, without fields that are null."""
        return self.model_dump_json(by_alias=True, exclude_none=True).encode()


def labels_of(result: Mapping[str, Any]) -> list[str]:
    """The labels that a result is found by: of all its predictions and classes; of a Classification, of the best.

    Args:
        result: data of an analyzed event, perhaps of another version: what is not as expected has no labels.
    """
    return list(scores_of(result))


def scores_of(result: Mapping[str, Any]) -> dict[str, float | None]:
    """The labels of `labels_of`, each with its greatest score, or with the fraction of the image; None if it has none.

    Args:
        result: data of an analyzed event, perhaps of another version.
    """
    found: dict[str, float | None] = {}
    for name, measure in (("predictions", "score"), ("classes", "fraction")):
        parts = result.get(name)
        if not isinstance(parts, list):
            continue
        if name == "predictions" and result.get("outputType", "Classification") == "Classification":
            parts = parts[:1]
        for part in parts:
            if isinstance(part, dict) and isinstance(label := part.get("label"), str):
                score = number_of(part.get(measure))
                known = found.get(label)
                found[label] = score if known is None or (score is not None and score > known) else known
    return found


def number_of(value: object) -> float | None:
    """A number of JSON as a double; None if `value` is not one, or is too large."""
    if isinstance(value, float):
        return value
    try:
        return float(value) if isinstance(value, int) and not isinstance(value, bool) else None
    except OverflowError:
        return None


class FailureHeaders:
    """Names of the headers that a dead letter has in addition to those of the image."""

    REASON: Final = "darkroom-error-reason"
    MESSAGE: Final = "darkroom-error-message"
    STAGE: Final = "darkroom-error-stage"
    ATTEMPTS: Final = "darkroom-error-attempts"
    SOURCE_TOPIC: Final = "darkroom-error-source-topic"
    SOURCE_PARTITION: Final = "darkroom-error-source-partition"
    SOURCE_OFFSET: Final = "darkroom-error-source-offset"
    SOURCE_TIMESTAMP: Final = "darkroom-error-source-timestamp"
    FAILED_AT: Final = "darkroom-error-failed-at"


def json_schemas() -> dict[str, dict[str, Any]]:
    """The JSON schema of every event type with JSON data; for results, also that of each output type.

    The name of the latter is the event type, `#` and the output type, such as `dev.darkroom.image.analyzed#Detection`.
    """
    schemas = {ANALYZED: Analyzed.model_json_schema(by_alias=True, mode="serialization")}
    for output_type, (field, required) in _RESULTS.items():
        schemas[f"{ANALYZED}#{output_type}"] = _schema_of_type(output_type, field, required)
    return schemas


_RESULTS: Final[Mapping[str, tuple[str, Mapping[str, tuple[str, ...]]]]] = {
    "Classification": ("predictions", {}),
    "MultiLabel": ("predictions", {}),
    "Detection": ("predictions", {"Prediction": ("box",)}),
    "OrientedDetection": ("predictions", {"Prediction": ("box",), "Box": ("angle",)}),
    "InstanceSegmentation": ("predictions", {"Prediction": ("box", "mask")}),
    "Keypoints": ("predictions", {"Prediction": ("box", "keypoints")}),
    "Segmentation": ("classes", {}),
    "Text": ("text", {}),
    "Anomaly": ("anomaly", {}),
    "Embedding": ("embedding", {}),
    "Tensor": ("tensor", {}),
}
"""The field that has the result of each output type, and the fields of its parts that are always there."""

RESULT_FIELDS: Final[Mapping[str, str]] = {output_type: field for output_type, (field, _) in _RESULTS.items()}
"""The field that has the result of each output type."""


def _schema_of_type(output_type: str, field: str, required: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    schema = Analyzed.model_json_schema(by_alias=True, mode="serialization")
    for other in {name for name, _ in _RESULTS.values()} - {field}:
        del schema["properties"][other]
    schema["required"] = [*schema["required"], field, "outputType"]
    schema["properties"]["outputType"] = {"const": output_type, "type": "string"}
    schema["properties"][field] = _not_null(schema["properties"][field])
    for name, fields in required.items():
        part = schema["$defs"][name]
        part["required"] = [*part["required"], *fields]
        for own in fields:
            part["properties"][own] = _not_null(part["properties"][own])
    schema["$defs"] = {
        name: schema["$defs"][name] for name in sorted(_referenced(schema["properties"], schema["$defs"]))
    }
    return schema


def _not_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    (kept,) = (choice for choice in schema["anyOf"] if choice.get("type") != "null")
    described = {name: value for name, value in schema.items() if name not in {"anyOf", "default"}}
    return {**kept, **described}


def _referenced(schema: Any, definitions: Mapping[str, Any]) -> set[str]:
    """The definitions that `schema` refers to, directly or through others."""
    if isinstance(schema, list):
        return set().union(*(_referenced(part, definitions) for part in schema))
    if not isinstance(schema, Mapping):
        return set()
    if isinstance(reference := schema.get("$ref"), str):
        name = reference.removeprefix("#/$defs/")
        return {name} | _referenced(definitions[name], definitions)
    return set().union(*(_referenced(part, definitions) for part in schema.values()))
