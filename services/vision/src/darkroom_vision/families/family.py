"""A family of models: those whose inputs and outputs have the same meaning."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from darkroom.api.input import Preset
from darkroom.api.output import OutputFormat, OutputType

Activation = Literal["Softmax", "Sigmoid", "None"]


@dataclass(frozen=True, slots=True)
class Family:
    """A family, with the settings that follow from it and the questions that remain.

    Attributes:
        name: shown to the user.
        type: value for `output.type`.
        format: value for `output.format`; None if the type has only one.
        preset: value for `input.preset`; None if the defaults are right, or no preset is known to fit.
        reasons: why the model is taken to be of this family.
        questions: what the file does not tell, for the user to check.
        labels: class names from the metadata; empty if it has none, or their number does not match the outputs.
        classes: number of classes; None if the outputs do not tell.
        activation: turns a classifier's raw output into scores.
        output: name of the output to read; None for the first, or if the family reads several.
        input: fields of `input` that differ from the preset, by their names in a manifest.
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
