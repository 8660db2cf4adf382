"""The pipelines that the ingestion service serves, as a document: what a local runtime writes and the service reads."""

from pydantic import Field

from darkroom.api.pipeline import ImagePipeline, Model
from darkroom.kafka.connection import KafkaConnection


class CatalogEntry(Model):
    """One pipeline and the Kafka that its topics live in."""

    pipeline: ImagePipeline
    kafka: KafkaConnection


class Catalog(Model):
    """Every pipeline that is served."""

    entries: list[CatalogEntry] = Field(default_factory=list)
