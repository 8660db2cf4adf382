"""What `up` starts: a pure function of the manifests and the machine."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from darkroom.api.pipeline import ImagePipeline, Kafka, Stage
from darkroom.api.quantities import parse_cpus
from darkroom.catalog import Catalog, CatalogEntry
from darkroom.kafka.connection import KafkaConnection
from darkroom.stage_settings import StageSettings, stage_settings
from darkroom.topology import StagePlan, Topology, topology, with_at_most_replicas
from darkroom_cli.exit_codes import InvalidInput
from darkroom_cli.manifests.bundle import Bundle, LoadedPipeline
from darkroom_cli.manifests.references import Inline, OnDisk, find
from darkroom_cli.runner.environment import worker_environment

MOST_LOOPS = 8

Store = Callable[[str, bytes], Path]
"""Puts a file of that name and content somewhere, and says where."""


@dataclass(frozen=True)
class StageRun:
    """One stage as it will run here."""

    settings: StageSettings
    workers: int
    environment: Mapping[str, str] = field(repr=False)

    @property
    def title(self) -> str:
        """The stage as messages name it."""
        return f"{self.settings.namespace}/{self.settings.pipeline} {self.settings.stage.name}"


@dataclass(frozen=True)
class Plan:
    """Everything that `up` brings about.

    Attributes:
        topologies: the topics, as the manifests ask for them.
        stages: in the order of the manifests.
        catalog: what the ingestion service serves.
        notes: where this machine differs from what the manifests say.
    """

    topologies: tuple[Topology, ...]
    stages: tuple[StageRun, ...]
    catalog: Catalog
    notes: tuple[str, ...]


def plan(bundle: Bundle, connection: KafkaConnection, *, workers: int, cpus: int, store: Store) -> Plan:
    """The plan for the bundle's pipelines, all in the one Kafka of `connection`.

    Args:
        bundle: valid, with nothing missing.
        connection: takes the place of the pipelines' own `kafka` block.
        workers: of each stage.
        cpus: what the machine has, for all stages together.
        store: where files out of ConfigMaps go.
    """
    topologies = tuple(topology(loaded.pipeline) for loaded in bundle.pipelines)
    running = sum(stage.replicas > 0 for each in topologies for stage in each.stages)
    share = max(1, cpus // max(1, running * workers))
    return Plan(
        topologies=topologies,
        stages=tuple(
            _stage_run(loaded, stage, bundle, connection, workers=workers, share=share, store=store)
            for loaded, each in zip(bundle.pipelines, topologies, strict=True)
            for stage in each.stages
        ),
        catalog=Catalog(
            entries=[
                CatalogEntry(pipeline=_on(loaded.pipeline, connection), kafka=connection) for loaded in bundle.pipelines
            ]
        ),
        notes=tuple(_notes(bundle.pipelines, workers)),
    )


def on_brokers(topologies: Sequence[Topology], brokers: int) -> tuple[list[Topology], int]:
    """The topologies with no more replicas than brokers, and how many topics that changed."""
    clamped = [with_at_most_replicas(each, brokers) for each in topologies]
    before = [topic for each in topologies for topic in each.topics]
    after = [topic for each in clamped for topic in each.topics]
    return clamped, sum(a.replicas != b.replicas for a, b in zip(before, after, strict=True))


def loops_of(stage: Stage, share: int) -> int:
    """Loops of one worker: its CPU limit, else its share of this machine's CPUs.

    Raises:
        InvalidInput: the limit is no number of CPUs.
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

    return StageRun(
        settings=stage_settings(
            loaded.pipeline,
            stage,
            connection,
            loops=loops_of(stage.spec, share),
            model_path=local(stage.spec.model.uri),
            labels_path=local(stage.spec.output.labels_uri),
        ),
        # The manifest's numbers are a cluster's; that a stage has none at all is meant here as well.
        workers=min(workers, loaded.pipeline.spec.images.partitions) if stage.replicas else 0,
        environment=worker_environment(stage.spec, loaded.pipeline.namespace, bundle),
    )


def _on(pipeline: ImagePipeline, connection: KafkaConnection) -> ImagePipeline:
    """The pipeline with `connection` in place of its own Kafka, so that the catalog says what is so."""
    kafka = Kafka(bootstrap_servers=connection.bootstrap_servers)
    return pipeline.model_copy(update={"spec": pipeline.spec.model_copy(update={"kafka": kafka})})


def _notes(pipelines: Sequence[LoadedPipeline], workers: int) -> Iterator[str]:
    for loaded in pipelines:
        name = "/".join(loaded.key)
        kafka = loaded.pipeline.spec.kafka
        if loaded.pipeline.spec.suspend:
            yield f"{name} is suspended: its images are taken and kept, and no worker runs"
        if (partitions := loaded.pipeline.spec.images.partitions) < workers:
            yield f"{name}: {partitions} worker(s) a stage, as many as its images topic has partitions"
        if kafka.tls is not None or kafka.authentication is not None:
            yield f"{name}: tls and authentication of its kafka block are not used here"
