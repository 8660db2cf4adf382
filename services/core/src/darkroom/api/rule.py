"""Validation rules: CEL for the API server, Python for all other callers, and one message for both."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from darkroom.api.pipeline import ImagePipeline, PipelineSpec, Stage

Path = str

RESULTS_NOT_COMPACTED: Final = (
    "!has(self.results.config.cleanup__dot__policy) || !self.results.config.cleanup__dot__policy.contains('compact')"
)
"""CEL of a stage: Kafka does not remove a result because there is a newer one of its key."""


@dataclass(frozen=True)
class Rule:
    """One rule about a pipeline.

    Attributes:
        at: where the API server evaluates `cel`: a path of the schema such as `spec.stages[]`.
        cel: the rule in the Common Expression Language, with `self` (and `oldSelf` if it is about a change).
        message: what is wrong and what to do.
        broken: yields the path of every field that breaks the rule.
    """

    at: Path
    cel: str
    message: str
    broken: Callable[[ImagePipeline], Iterator[Path]]


@dataclass(frozen=True)
class ChangeRule:
    """One rule about what may change between two versions of a pipeline's spec."""

    at: Path
    cel: str
    message: str
    broken: Callable[[PipelineSpec, PipelineSpec], Iterator[Path]]


def stages(pipeline: ImagePipeline) -> Iterator[tuple[Path, Stage]]:
    """Every stage with its path."""
    for i, stage in enumerate(pipeline.spec.stages):
        yield f"spec.stages[{i}]", stage


def compacts_results(stage: Stage) -> bool:
    """The opposite of `RESULTS_NOT_COMPACTED`."""
    return "compact" in str(stage.results.config.get("cleanup.policy", ""))
