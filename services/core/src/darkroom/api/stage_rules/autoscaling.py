"""Validation rules for `stages[].autoscaling`."""

from collections.abc import Iterator

from darkroom.api.pipeline import ImagePipeline
from darkroom.api.rule import Path, Rule, stages


def _fixed_and_automatic(pipeline: ImagePipeline) -> Iterator[Path]:
    for path, stage in stages(pipeline):
        if stage.replicas is not None and stage.autoscaling is not None and not stage.autoscaling.metrics_only:
            yield f"{path}.replicas"


def _min_above_max(pipeline: ImagePipeline) -> Iterator[Path]:
    for path, stage in stages(pipeline):
        if stage.autoscaling is not None and stage.autoscaling.min > stage.autoscaling.max:
            yield f"{path}.autoscaling.min"


def _keda_that_only_recommends(pipeline: ImagePipeline) -> Iterator[Path]:
    for path, stage in stages(pipeline):
        if stage.autoscaling is not None and stage.autoscaling.keda and stage.autoscaling.metrics_only:
            yield f"{path}.autoscaling.keda"


AUTOSCALING_RULES = (
    Rule(
        at="spec.stages[]",
        cel="!has(self.replicas) || !has(self.autoscaling) || self.autoscaling.metricsOnly",
        message="a stage has replicas or autoscaling, not both: remove one, or set autoscaling.metricsOnly",
        broken=_fixed_and_automatic,
    ),
    Rule(
        at="spec.stages[].autoscaling",
        cel="self.min <= self.max",
        message="autoscaling.min must not exceed autoscaling.max",
        broken=_min_above_max,
    ),
    Rule(
        at="spec.stages[].autoscaling",
        cel="!self.keda || !self.metricsOnly",
        message="keda and metricsOnly exclude each other: KEDA acts on its recommendations",
        broken=_keda_that_only_recommends,
    ),
)
