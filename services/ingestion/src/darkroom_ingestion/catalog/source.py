"""The interface of catalogs."""

from collections.abc import Callable, Mapping
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

    async def reported_status(self, key: str) -> Mapping[str, Any] | None:
        """The status of the ImagePipeline `namespace/name`, from the operator; None outside of Kubernetes."""
