"""The stages whose number of workers the operator observes or sets."""

from dataclasses import dataclass

from darkroom import names
from darkroom.api.pipeline import ImagePipeline
from darkroom.kafka.connection import ClientSettings
from darkroom.kafka.lag_query import GroupLog
from darkroom.scaling.settings import Settings
from darkroom.topology import StagePlan, Topology
from darkroom_operator.builders.settings import loops
from darkroom_operator.kube.keys import PipelineKey
from darkroom_operator.status.findings import Finding


@dataclass(frozen=True)
class Target:
    """A stage with autoscaling.

    Attributes:
        kafka: settings of a client that may read the group's offsets; a finding if there is none.
        acts: whether the operator sets the number of workers. KEDA or the user does otherwise.
    """

    pipeline: PipelineKey
    stage: str
    group: str
    log: GroupLog
    settings: Settings
    kafka: ClientSettings | Finding
    acts: bool

    @property
    def deployment(self) -> str:
        """The name of its Deployment."""
        return names.child(self.pipeline.name, self.stage)


def targets_of(pipeline: ImagePipeline, plan: Topology, kafka: ClientSettings | Finding) -> tuple[Target, ...]:
    """Every stage of `plan` with autoscaling."""
    return tuple(
        Target(
            pipeline=PipelineKey(pipeline.namespace, pipeline.name),
            stage=stage.name,
            group=stage.consumer_group,
            log=GroupLog(plan.images.name, plan.images.partitions),
            settings=settings,
            kafka=kafka,
            acts=not stage.autoscaling.keda and not stage.autoscaling.metrics_only,
        )
        for stage in plan.stages
        if stage.autoscaling is not None and (settings := _settings(stage)) is not None
    )


def _settings(stage: StagePlan) -> Settings | None:
    spec = stage.autoscaling
    if spec is None:
        return None
    return Settings(
        minimum=spec.min,
        maximum=spec.max,
        drain_target_s=spec.drain_target.in_ms / 1000,
        scale_to_zero_after_s=spec.scale_to_zero_after.in_ms / 1000,
        scale_down_delay_s=spec.scale_down_delay.in_ms / 1000,
        metrics_only=spec.metrics_only or spec.keda,
        loops=loops(stage.spec),
    )
