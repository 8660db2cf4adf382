"""Settings of a stage and records of its images, without a broker."""

from darkroom.api.validation import parse_pipeline
from darkroom.kafka.connection import KafkaConnection
from darkroom.stage_settings import StageSettings, stage_settings
from darkroom.topology import topology
from darkroom_inference.records.image import ImageRecord
from tests.support.manifests import pipeline_manifest


def example_settings(loops: int = 8) -> StageSettings:
    """Settings of the stage `classify` of the pipeline `demo/digits`."""
    pipeline = parse_pipeline(pipeline_manifest())
    return stage_settings(
        pipeline, topology(pipeline).stages[0], KafkaConnection(bootstrap_servers="k:9092"), loops=loops
    )


def example_image(partition: int = 3, offset: int = 42, value: bytes = b"image", **headers: str) -> ImageRecord:
    """A record of `demo.digits.images`."""
    pairs: list[tuple[str, bytes | None]] = [(name, text.encode()) for name, text in headers.items()]
    return ImageRecord("demo.digits.images", partition, offset, b"k", value, [("ce_id", b"i"), *pairs], 1_000)
