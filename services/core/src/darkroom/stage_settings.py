"""What one worker is told: the document that a runtime writes and the worker reads."""

from pathlib import Path

from pydantic import Field

from darkroom import names
from darkroom.api.pipeline import ImagePipeline, Model, Stage
from darkroom.kafka.connection import KafkaConnection
from darkroom.topology import StagePlan

DEFAULT_MAX_MESSAGE_BYTES = 1_048_588
"""Kafka's own `max.message.bytes` of a topic that sets none."""


class Replay(Model):
    """What sets a worker that analyses old images again apart from a live one.

    Attributes:
        generation: the replay's name, part of the ids of its results.
        ranges: by partition, the offset to start at and the one to stop at.
        results_topic: where its results go, if it is not the stage's own topic.
    """

    generation: str
    ranges: dict[int, tuple[int, int]]
    results_topic: str | None = None


class StageSettings(Model):
    """One stage of one pipeline, for one worker.

    Attributes:
        model_path: where the runtime has put the model file (a mounted volume, a local file); fetched from
            `stage.model.uri` when left out.
        labels_path: likewise for `stage.output.labels_uri`.
        loops: run-to-completion loops, one thread each. Beyond eight the worker starts more processes.
        max_image_bytes: a larger image is a dead letter.
        max_result_bytes: the largest record that the results topic takes; a larger one becomes a dead letter.
        replay: only in what a replay tells its own workers.
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
    loops: int = Field(1, ge=1, le=256)
    replay: Replay | None = None

    @property
    def source(self) -> str:
        """The CloudEvents source of what the worker publishes."""
        return names.stage_source(self.namespace, self.pipeline, self.stage.name)

    @property
    def transactional_id_prefix(self) -> str:
        """What the transactional ids of the worker's producers start with."""
        return names.transactional_id_prefix(self.namespace, self.pipeline, self.stage.name)


def stage_settings(
    pipeline: ImagePipeline,
    plan: StagePlan,
    kafka: KafkaConnection,
    *,
    loops: int = 1,
    model_path: Path | None = None,
    labels_path: Path | None = None,
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
        loops=loops,
    )
