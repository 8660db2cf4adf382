"""The catalog: the pipelines that the ingestion service serves, and their Kafka clusters. Written by the CLI."""

from pydantic import Field

from darkroom.api.pipeline import ImagePipeline
from darkroom.kafka.connection import KafkaConnection
from darkroom.schema import StrictModel


class CatalogEntry(StrictModel):
    """One pipeline and the connection to its Kafka cluster."""

    pipeline: ImagePipeline
    kafka: KafkaConnection


class Catalog(StrictModel):
    """Every pipeline that is served."""

    entries: list[CatalogEntry] = Field(default_factory=list)
