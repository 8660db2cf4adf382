"""The pipelines that are measured: one images topic for each image size, one stage for each model and delivery mode."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import onnx
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from darkroom import names
from darkroom.api.pipeline import ImagePipeline
from darkroom.api.validation import parse_pipeline
from darkroom.cloudevents import CloudEvent, timestamp
from darkroom.events import RECEIVED
from darkroom.kafka.connection import KafkaConnection, producer_settings
from darkroom.kafka.topics import ensure_topics
from darkroom.stage_settings import StageSettings, stage_settings
from darkroom.topology import topology, with_at_most_replicas

_LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
MODELS = {
    "digits": Path(__file__).parents[2] / "models" / "digits" / "digits.onnx",
    "squeezenet": _LIGHT / "light_squeezenet.onnx",
    "resnet50": _LIGHT / "light_resnet50.onnx",
}
"""A model of 0.1 ms, and two classifiers of 224 x 224 pixels in the `onnx` wheel. Their weights are constants, which
ONNX Runtime expands when it loads them: an image costs as much as with trained weights."""

DELIVERIES = {"least": "AtLeastOnce", "exactly": "ExactlyOnce"}
"""The delivery modes, by the suffix of a stage's name."""

_PARTITIONS = 16
_groups = count()


@dataclass(frozen=True)
class Images:
    """Images that wait in the images topic of a pipeline.

    Attributes:
        files: folder with the images, for programs that do not use Kafka.
    """

    name: str
    images: Sequence[bytes]
    files: Path
    pipeline: ImagePipeline
    connection: KafkaConnection

    @property
    def topic(self) -> str:
        """The images topic."""
        return topology(self.pipeline).images.name

    def settings(self, model: str, delivery: str = "least", *, loops: int) -> StageSettings:
        """The settings of a worker with a consumer group of its own, which reads all images from the first one."""
        plan = topology(self.pipeline)
        stage = next(stage for stage in plan.stages if stage.spec.name == f"{model}-{delivery}")
        settings = stage_settings(self.pipeline, stage, self.connection, loops=loops, model_path=MODELS[model])
        return settings.model_copy(update={"consumer_group": f"{settings.consumer_group}.{next(_groups)}"})

    def publish(self, images: int) -> None:
        """Publish `images` images, as the ingestion service does."""
        producer = Producer(producer_settings(self.connection, "benchmark", max_message_bytes=10_000_000, linger_ms=20))
        topic, source = self.topic, names.images_source(self.pipeline.namespace, self.pipeline.name)
        for number in range(images):
            image_id = f"{number:032x}"
            event = CloudEvent(image_id, source, RECEIVED, timestamp(), content_type="image/jpeg")
            value = self.images[number % len(self.images)]
            while True:
                try:
                    producer.produce(topic, value, image_id, headers=[*event.headers()])
                    break
                except BufferError:
                    producer.poll(0.1)
        producer.flush()


def create(name: str, images: Sequence[bytes], files: Path, bootstrap_servers: str) -> Images:
    """Create the topics of a pipeline with a stage for each model and delivery mode."""
    stages = [
        {
            "name": f"{model}-{suffix}",
            "model": {"uri": f"configmap://models/{path.name}"},
            "output": {"type": "Classification", "activation": "Softmax"},
            "delivery": delivery,
        }
        for model, path in MODELS.items()
        for suffix, delivery in DELIVERIES.items()
    ]
    pipeline = parse_pipeline(
        {
            "apiVersion": "darkroom.dev/v1alpha1",
            "kind": "ImagePipeline",
            "metadata": {"name": f"p{name}", "namespace": "bench"},
            "spec": {
                "kafka": {"bootstrapServers": bootstrap_servers},
                "images": {"partitions": _PARTITIONS},
                "stages": stages,
            },
        }
    )
    admin = AdminClient({"bootstrap.servers": bootstrap_servers})
    ensure_topics(admin, with_at_most_replicas(topology(pipeline), 1).topics)
    return Images(name, images, files, pipeline, KafkaConnection(bootstrap_servers=bootstrap_servers))
