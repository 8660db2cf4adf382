"""A family of models: those whose inputs and outputs have the same meaning."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from darkroom.api.input import Preset
from darkroom.api.output import OutputFormat, OutputType

Activation = Literal["Softmax", "Sigmoid", "None"]


@dataclass(frozen=True, slots=True)
class Family:
    """What a model is, as far as its file shows it.

    Attributes:
        name: for people.
        type: of `output`.
        format: of `output`; None if the type has only one.
        preset: of `input`; None if its defaults are right, or no preset is known to be.
        reasons: what shows that the model is of this family.
        questions: what the file does not tell, and the user has to check.
        labels: from the metadata; empty if it has none that fit the outputs.
        classes: how many there are; None if the outputs do not tell.
        activation: what turns a classifier's raw output into scores.
        output: the name of the output to read; None if it is the first, or the family has several.
        input: fields of `input` that differ from the preset, with their names in a manifest.
    """

    name: str
    type: OutputType
    format: OutputFormat | None = None
    preset: Preset | None = None
    reasons: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    classes: int | None = None
    activation: Activation = "None"
    output: str | None = None
    input: Mapping[str, Any] = field(default_factory=dict)
