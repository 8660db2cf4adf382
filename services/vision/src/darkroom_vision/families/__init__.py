"""Recognition of a model's family from its inputs, outputs and metadata."""

from collections.abc import Mapping, Sequence

from darkroom_vision.families.boxes import boxes
from darkroom_vision.families.evidence import Evidence
from darkroom_vision.families.family import Family
from darkroom_vision.families.maps import anomaly, maps
from darkroom_vision.families.vectors import text, vectors
from darkroom_vision.families.yolo import yolo
from darkroom_vision.model.metadata import ModelMetadata
from darkroom_vision.model.session import Port, Value

__all__ = ["Family", "detect"]

_RULES = (boxes, anomaly, text, yolo, maps, vectors)
"""In order: rules by distinctive names first, then rules by shape alone."""


def detect(
    inputs: Sequence[Port],
    outputs: Sequence[Port],
    metadata: ModelMetadata,
    trial: Sequence[Value] | None = None,
    fed: Mapping[str, tuple[int, ...]] | None = None,
) -> Family:
    """The family of a model.

    Args:
        inputs: the model's inputs.
        outputs: the model's outputs.
        metadata: the file's metadata. Used only where the shapes are ambiguous.
        trial: the outputs for one blank image, which give the dimensions that the file leaves open.
        fed: the shapes of the inputs in the trial run, by name.

    Returns:
        A family of type Tensor, with a question, if no rule applies.
    """
    evidence = Evidence.of(inputs, outputs, metadata, trial, fed)
    for rule in _RULES:
        if (found := rule(evidence)) is not None:
            return found
    shapes = ", ".join(map(str, evidence.outputs)) or "no outputs"
    question = "What do the outputs mean? The result is the first of them as a raw tensor: set output.type and format."
    return Family("unknown", "Tensor", None, None, (shapes,), (question,))
