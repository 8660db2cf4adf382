"""Validation rules of a stage's pod template: which environment variables it may set."""

from collections.abc import Iterator

from darkroom.api.environment import PROTECTED_PATTERN, REFUSAL, is_protected
from darkroom.api.pipeline import ImagePipeline
from darkroom.api.rule import Path, Rule, stages


def _protected_variable(pipeline: ImagePipeline) -> Iterator[Path]:
    for path, stage in stages(pipeline):
        for i, variable in enumerate(stage.template.env):
            if is_protected(variable.name):
                yield f"{path}.template.env[{i}].name"


def _two_values(pipeline: ImagePipeline) -> Iterator[Path]:
    for path, stage in stages(pipeline):
        for i, variable in enumerate(stage.template.env):
            if variable.value is not None and variable.value_from is not None:
                yield f"{path}.template.env[{i}]"


TEMPLATE_RULES = (
    Rule(
        at="spec.stages[].template.env[]",
        cel=f"!self.name.matches('{PROTECTED_PATTERN}')",
        message=REFUSAL,
        broken=_protected_variable,
    ),
    Rule(
        at="spec.stages[].template.env[]",
        cel="!has(self.value) || !has(self.valueFrom)",
        message="set only one of value and valueFrom",
        broken=_two_values,
    ),
)
