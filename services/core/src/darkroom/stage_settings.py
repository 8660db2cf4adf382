"""The settings of a worker: a document that the operator or the CLI writes and the worker reads."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field

from darkroom import names
from darkroom.api.pipeline import ImagePipeline, Stage
from darkroom.kafka.connection import KafkaConnection
from darkroom.schema import StrictModel
from darkroom.topology import StagePlan

DEFAULT_MAX_MESSAGE_BYTES = 1_048_588
"""Kafka's default for `max.message.bytes`."""


class Replay(StrictModel):
    """The part of a replay that one worker analyses.

    Attributes:
        generation: name of the replay, part of its results' ids.
        ranges: first offset and end offset (exclusive) by partition.
        results_topic: topic for the results; None for the stage's results topic.
    """

    generation: str
    ranges: dict[int, tuple[int, int]]
    results_topic: str | None = None


class StageSettings(StrictModel):
    """The settings of a worker of one stage.

    Attributes:
        model_path: path of the model file, if it is mounted or local. Otherwise the worker fetches `stage.model.uri`.
        labels_path: likewise for `stage.output.labels_uri`.
        self_test_paths: likewise for the images of `stage.self_test`, by their position in the list.
        loops: number of run-to-completion loops. On CPUs, each has a process; they share the memory of the model.
        max_image_bytes: a larger image becomes a dead letter.
        max_result_bytes: maximum record size of the results topic. An image with a larger result becomes a dead letter.
        replay: set only for the workers of a replay.
    """

    namespace: str
    pipeline: str
    stage: Stage
    kafka: KafkaConnection
    images_topic: str
    results_topic: str
    dead_letters_topic: str
    consumer_group: str
    max_image_bytes: int
    max_result_bytes: int
    model_path: Path | None = None
    labels_path: Path | None = None
    self_test_paths: dict[int, Path] = Field(default_factory=dict)
    loops: int = Field(1, ge=1, le=256)
    replay: Replay | None = None

    @property
    def source(self) -> str:
        """The CloudEvents source of the worker's results and dead letters."""
        return names.stage_source(self.namespace, self.pipeline, self.stage.name)

    @property
    def share_group(self) -> str:
        """The share group of the workers, if the stage has mode Queue."""
        return names.share_group(self.namespace, self.pipeline, self.stage.name)

    @property
    def attempts_group(self) -> str:
        """The group in whose commits the workers of the share group count how often images ended processes."""
        return names.attempts_group(self.namespace, self.pipeline, self.stage.name)

    @property
    def uses_share_group(self) -> bool:
        """Whether the workers take their images from the share group. Those of a replay never do."""
        return self.stage.mode == "Queue" and self.replay is None

    @property
    def transactional_id_prefix(self) -> str:
        """The prefix of the transactional ids of the worker's producers."""
        return names.transactional_id_prefix(self.namespace, self.pipeline, self.stage.name)


def stage_settings(
    pipeline: ImagePipeline,
    plan: StagePlan,
    kafka: KafkaConnection,
    *,
    loops: int = 1,
    model_path: Path | None = None,
    labels_path: Path | None = None,
    self_test_paths: Mapping[int, Path] | None = None,
) -> StageSettings:
    """The settings of a worker of `plan`, a stage of `pipeline`."""
    return StageSettings(
        namespace=pipeline.namespace,
        pipeline=pipeline.name,
        stage=plan.spec,
        kafka=kafka,
        images_topic=plan.images_topic,
        results_topic=plan.results.name,
        dead_letters_topic=plan.dead_letters.name,
        consumer_group=plan.consumer_group,
        max_image_bytes=pipeline.spec.images.max_bytes.in_bytes,
        max_result_bytes=int(plan.spec.results.config.get("max.message.bytes", DEFAULT_MAX_MESSAGE_BYTES)),
        model_path=model_path,
        labels_path=labels_path,
        self_test_paths=dict(self_test_paths or {}),
        loops=loops,
    )
