"""Defaults of workers in the whole cluster, for what stages leave open: resources, nodes, tolerations, runtime."""

from typing import Any

from pydantic import Field

from darkroom.api.pipeline import ImagePipeline, Resources, Stage
from darkroom.schema import StrictModel


class WorkerDefaults(StrictModel):
    """The value of --worker-defaults.

    Attributes:
        resources: for stages that set neither requests nor limits.
        node_selector: in addition to the stage's own labels, which take precedence.
        tolerations: in addition to the stage's own.
        runtime_class_name: for stages that name none.
    """

    resources: Resources = Field(default_factory=Resources)
    node_selector: dict[str, str] = Field(default_factory=dict)
    tolerations: list[dict[str, Any]] = Field(default_factory=list)
    runtime_class_name: str | None = None

    def applied_to(self, pipeline: ImagePipeline) -> ImagePipeline:
        """`pipeline` with these defaults in every stage."""
        stages = [self._stage(stage) for stage in pipeline.spec.stages]
        return pipeline.model_copy(update={"spec": pipeline.spec.model_copy(update={"stages": stages})})

    def _stage(self, stage: Stage) -> Stage:
        template = stage.template.model_copy(
            update={
                "node_selector": {**self.node_selector, **stage.template.node_selector},
                "tolerations": [*stage.template.tolerations, *self.tolerations],
                "runtime_class_name": stage.template.runtime_class_name or self.runtime_class_name or None,
            }
        )
        sets_resources = bool(stage.resources.requests or stage.resources.limits)
        resources = stage.resources if sets_resources else self.resources
        return stage.model_copy(update={"resources": resources, "template": template})
