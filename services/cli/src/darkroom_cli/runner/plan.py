"""The plan of `darkroom up`: what to start for the manifests on this machine. Pure."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from darkroom.api.autoscaling import Autoscaling
from darkroom.api.pipeline import ImagePipeline, Kafka, Stage
from darkroom.api.quantities import parse_cpus
from darkroom.catalog import Catalog, CatalogEntry
from darkroom.kafka.connection import KafkaConnection
from darkroom.scaling.settings import Settings
from darkroom.stage_settings import StageSettings, stage_settings
from darkroom.topology import StagePlan, Topology, topology, with_at_most_replicas
from darkroom_cli.exit_codes import InvalidInput
from darkroom_cli.manifests.bundle import Bundle, LoadedPipeline
from darkroom_cli.manifests.references import Inline, OnDisk, find
from darkroom_cli.runner.environment import worker_environment

MOST_LOOPS = 8

Store = Callable[[str, bytes], Path]
"""Stores a file with a name and content, and returns its path."""


@dataclass(frozen=True)
class StageRun:
    """One stage as it will run on this machine.

    Attributes:
        settings: the document for its workers.
        workers: number of workers; with `scaling`, at the start.
        environment: variables of its workers.
        partitions: number of partitions of the images topic.
        scaling: how the number of workers changes; None for a fixed number.
    """

    settings: StageSettings
    workers: int
    environment: Mapping[str, str] = field(repr=False)
    partitions: int
    scaling: Settings | None = None

    @property
    def title(self) -> str:
        """The stage's name in messages."""
        return f"{self.settings.namespace}/{self.settings.pipeline} {self.settings.stage.name}"


@dataclass(frozen=True)
class LocalRun:
    """Everything that `darkroom up` runs.

    Attributes:
        topologies: the topics that the manifests describe.
        stages: the stages, in the order of the manifests.
        catalog: the catalog for the ingestion service.
        notes: differences between the run and the manifests.
    """

    topologies: tuple[Topology, ...]
    stages: tuple[StageRun, ...]
    catalog: Catalog
    notes: tuple[str, ...]


def plan(bundle: Bundle, connection: KafkaConnection, *, workers: int, cpus: int, store: Store) -> LocalRun:
    """The run of the bundle's pipelines, all on the Kafka of `connection`.

    Args:
        bundle: valid, with all references.
        connection: replaces the `kafka` block of the pipelines.
        workers: number of workers per stage, and the most of a stage with autoscaling if that is more than `cpus`.
        cpus: number of CPUs of this machine, for all stages together.
        store: stores files from ConfigMaps.
    """
    topologies = tuple(topology(loaded.pipeline) for loaded in bundle.pipelines)
    running = sum(stage.replicas > 0 for planned in topologies for stage in planned.stages if stage.has_fixed_replicas)
    share = max(1, cpus // max(1, running * workers))
    return LocalRun(
        topologies=topologies,
        stages=tuple(
            _stage_run(
                loaded,
                stage,
                bundle,
                connection,
                workers=workers,
                most=max(workers, cpus),
                share=share if stage.has_fixed_replicas else 1,
                store=store,
            )
            for loaded, planned in zip(bundle.pipelines, topologies, strict=True)
            for stage in planned.stages
        ),
        catalog=Catalog(
            entries=[
                CatalogEntry(pipeline=_on(loaded.pipeline, connection), kafka=connection) for loaded in bundle.pipelines
            ]
        ),
        notes=tuple(_notes(bundle.pipelines, topologies, workers, cpus)),
    )


def on_brokers(topologies: Sequence[Topology], brokers: int) -> tuple[list[Topology], int]:
    """The topologies with at most as many replicas as brokers, and the number of topics that this changes."""
    clamped = [with_at_most_replicas(planned, brokers) for planned in topologies]
    before = [topic for planned in topologies for topic in planned.topics]
    after = [topic for planned in clamped for topic in planned.topics]
    return clamped, sum(a.replicas != b.replicas for a, b in zip(before, after, strict=True))


def loops_of(stage: Stage, share: int) -> int:
    """The number of loops of one worker: its CPU limit, else its share of this machine's CPUs.

    Raises:
        InvalidInput: the limit is not a number of CPUs.
    """
    limit = stage.resources.limits.get("cpu")
    if limit is None:
        return min(MOST_LOOPS, share)
    try:
        return max(1, math.ceil(parse_cpus(limit)))
    except ValueError as error:
        raise InvalidInput(f'stage "{stage.name}": resources.limits.cpu: {error}') from error


def _stage_run(
    loaded: LoadedPipeline,
    stage: StagePlan,
    bundle: Bundle,
    connection: KafkaConnection,
    *,
    workers: int,
    most: int,
    share: int,
    store: Store,
) -> StageRun:
    def local(uri: str | None) -> Path | None:
        match find(uri, loaded, bundle) if uri is not None else None:
            case Inline(key=key, content=content):
                return store(key, content)
            case OnDisk(path=path):
                return path
        return None

    partitions, loops = loaded.pipeline.spec.images.partitions, loops_of(stage.spec, share)
    scaling = None if stage.autoscaling is None else _scaling(stage.autoscaling, most, loops)
    useful = workers if stage.share_group is not None else min(workers, partitions)
    fixed = useful if stage.replicas else 0
    return StageRun(
        settings=stage_settings(
            loaded.pipeline,
            stage,
            connection,
            loops=loops,
            model_path=local(stage.spec.model.uri),
            labels_path=local(stage.spec.output.labels_uri),
            self_test_paths={
                i: path for i, test in enumerate(stage.spec.self_test) if (path := local(test.image)) is not None
            },
        ),
        # The replicas in the manifest are for a cluster; only zero is used here too.
        workers=min(scaling.minimum, partitions) if scaling and not stage.has_fixed_replicas else fixed,
        environment=worker_environment(stage.spec, loaded.pipeline.namespace, bundle),
        partitions=partitions,
        scaling=scaling,
    )


def _scaling(asked: Autoscaling, most: int, loops: int) -> Settings:
    """How the number of workers changes, with at most `most` processes."""
    settings = Settings.of(asked, loops=loops)
    return replace(settings, minimum=min(asked.min, most), maximum=min(asked.max, most))


def _on(pipeline: ImagePipeline, connection: KafkaConnection) -> ImagePipeline:
    """The pipeline with `connection` in place of its Kafka, so that the catalog has the actual one."""
    kafka = Kafka(bootstrap_servers=connection.bootstrap_servers)
    return pipeline.model_copy(update={"spec": pipeline.spec.model_copy(update={"kafka": kafka})})


def _notes(
    pipelines: Sequence[LoadedPipeline], topologies: Sequence[Topology], workers: int, cpus: int
) -> Iterator[str]:
    for loaded, planned in zip(pipelines, topologies, strict=True):
        name = "/".join(loaded.key)
        kafka = loaded.pipeline.spec.kafka
        if loaded.pipeline.spec.suspend:
            yield f"{name} is suspended: images are accepted and kept, but no workers run"
        partitions, ordered = loaded.pipeline.spec.images.partitions, [s for s in planned.stages if not s.share_group]
        if ordered and partitions < workers:
            where = "" if len(ordered) == len(planned.stages) else " with mode Ordered"
            yield f"{name}: {partitions} worker(s) per stage{where}, as many as its images topic has partitions"
        for stage in planned.stages:
            if stage.share_group is not None:
                yield f"{name} {stage.name}: mode Queue is a preview, as share groups are in the Kafka client"
            asked = None if stage.has_fixed_replicas else stage.autoscaling
            if asked is not None and asked.max > (most := max(workers, cpus)):
                yield f"{name} {stage.name}: autoscaling up to {most} worker(s) here: --workers allows more than CPUs"
        if kafka.tls is not None or kafka.authentication is not None:
            yield f"{name}: tls and authentication in its kafka block are ignored here"
