"""The interface of catalogs."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from darkroom.errors import DarkroomError
from darkroom_ingestion.catalog.served import Pipelines


class BadCatalog(DarkroomError):
    """The catalog can't be read, or breaks a rule."""


class CatalogSource(Protocol):
    """A source of pipelines: a file, or a watch of the API server."""

    def read(self) -> Pipelines:
        """The current pipelines.

        Raises:
            BadCatalog: the catalog can't be read.
        """

    async def watch(self, changed: Callable[[Pipelines], None]) -> None:
        """Call `changed` with the pipelines whenever they change. Runs until it is cancelled."""

    async def conditions(self, key: str) -> Sequence[Mapping[str, Any]] | None:
        """The conditions of the ImagePipeline `namespace/name`; None outside of Kubernetes."""
