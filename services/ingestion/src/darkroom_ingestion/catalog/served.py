"""The pipelines that are served, and why others are not."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from darkroom import names
from darkroom.api.pipeline import ImagePipeline
from darkroom.kafka.connection import KafkaConnection
from darkroom.topology import Topology, topology


@dataclass(frozen=True)
class ServedPipeline:
    """One pipeline, with what is derived from its manifest."""

    pipeline: ImagePipeline
    kafka: KafkaConnection

    @cached_property
    def plan(self) -> Topology:
        """The pipeline's topics and stages."""
        return topology(self.pipeline)

    @cached_property
    def key(self) -> str:
        """`namespace/name`, the pipeline's key in the store and the feed."""
        return f"{self.pipeline.namespace}/{self.pipeline.name}"

    @cached_property
    def stages(self) -> tuple[str, ...]:
        """The names of the stages, in the order of the manifest."""
        return tuple(stage.name for stage in self.plan.stages)

    @cached_property
    def max_image_bytes(self) -> int:
        """The maximum size of an image in bytes."""
        return self.pipeline.spec.images.max_bytes.in_bytes

    @cached_property
    def source(self) -> str:
        """The CloudEvents source of the pipeline's images."""
        return names.images_source(self.pipeline.namespace, self.pipeline.name)

    @cached_property
    def path(self) -> str:
        """The pipeline's path in the HTTP API."""
        return f"/v1/pipelines/{self.key}"


@dataclass(frozen=True)
class Unserved:
    """Why a pipeline that exists is not served."""

    cause: Literal["Invalid", "TopicsNotReady", "KafkaNotKnown", "Deleting"]
    reason: str


class Pipelines(Mapping[str, ServedPipeline]):
    """The pipelines that are served, by `namespace/name`, sorted.

    Attributes:
        unserved: the pipelines that exist but are not served.
        known: whether the catalog has been read. Until then, a pipeline that is missing here may exist.
    """

    def __init__(
        self,
        served: Mapping[str, ServedPipeline] | None = None,
        unserved: Mapping[str, Unserved] | None = None,
        *,
        known: bool = True,
    ) -> None:
        self._served = dict(sorted((served or {}).items()))
        self.unserved = dict(unserved or {})
        self.known = known

    def __getitem__(self, key: str) -> ServedPipeline:
        return self._served[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._served)

    def __len__(self) -> int:
        return len(self._served)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Pipelines):
            return NotImplemented
        return (self._served, self.unserved, self.known) == (other._served, other.unserved, other.known)

    __hash__ = None  # type: ignore[assignment]

    @cached_property
    def by_images_path(self) -> dict[str, ServedPipeline]:
        """The pipelines by the path that images are sent to."""
        return {f"{served.path}/images": served for served in self.values()}

    def by_connection(self) -> dict[KafkaConnection, list[ServedPipeline]]:
        """The pipelines of each Kafka cluster."""
        found: dict[KafkaConnection, list[ServedPipeline]] = {}
        for served in self.values():
            found.setdefault(served.kafka, []).append(served)
        return found
