"""The stages whose number of workers the operator observes or sets."""

from dataclasses import dataclass, replace

from darkroom import names
from darkroom.api.autoscaling import Autoscaling
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
            settings=_settings(stage, stage.autoscaling),
            kafka=kafka,
            acts=not stage.autoscaling.keda and not stage.autoscaling.metrics_only,
        )
        for stage in plan.stages
        if stage.autoscaling is not None
    )


def _settings(stage: StagePlan, spec: Autoscaling) -> Settings:
    settings = Settings.of(spec, loops=loops(stage.spec))
    return replace(settings, metrics_only=spec.metrics_only or spec.keda)
