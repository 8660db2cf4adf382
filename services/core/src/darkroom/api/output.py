"""The output block of a stage: how to read the model's output."""

from typing import Literal

from pydantic import Field

from darkroom.api.uris import URI_PATTERN
from darkroom.schema import StrictModel


class Output(StrictModel):
    """How to read the model's output."""

    type: Literal["Classification", "Embedding", "Tensor"] = Field(description="Kind of result.")
    name: str | None = Field(None, min_length=1, description="Name of the model output to read. Defaults to the first.")
    labels: list[str] | None = Field(
        None, min_length=1, max_length=10_000, description="Class names, in the order of the model's output."
    )
    labels_uri: str | None = Field(
        None,
        pattern=URI_PATTERN,
        description="A text file with one class name per line, in place of labels.",
    )
    top_k: int = Field(3, ge=1, le=1_000, description="Maximum number of predictions per image.")
    threshold: float = Field(0.0, ge=0, description="Predictions with a lower score are dropped.")
    activation: Literal["Softmax", "Sigmoid", "None"] = Field(
        "None", description="Function that turns the model's raw output into scores."
    )
