"""Keys: the namespace and name of an object, and of an ImagePipeline."""

from typing import NamedTuple


class ObjectKey(NamedTuple):
    """Namespace and name of an object of some kind; the namespace of a cluster-scoped object is empty."""

    namespace: str
    name: str


class PipelineKey(NamedTuple):
    """Namespace and name of an ImagePipeline: the key of the work queue and of reconciliations."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"
