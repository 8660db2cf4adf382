"""The fields of `template` that pipelines may set, as the administrator decides with `operator.tenantTemplate`."""

from collections.abc import Collection

from darkroom.api.pipeline import ImagePipeline, Template
from darkroom.api.rule import stages
from darkroom.api.validation import Problem

FIELDS = tuple(field.alias or name for name, field in Template.model_fields.items())
"""All fields of `template`."""


def refused_fields(pipeline: ImagePipeline, allowed: Collection[str]) -> list[Problem]:
    """The fields of every stage's template that differ from their defaults and are not in `allowed`."""
    message = (
        "the administrator of this cluster does not allow pipelines to set this field: remove it, or add it to "
        f"operator.tenantTemplate of the chart (now: {', '.join(allowed) or 'none'})"
    )
    defaults = Template()
    return [
        Problem(f"{path}.template.{alias}", message)
        for path, stage in stages(pipeline)
        for name, alias in zip(Template.model_fields, FIELDS, strict=True)
        if alias not in allowed and getattr(stage.template, name) != getattr(defaults, name)
    ]
