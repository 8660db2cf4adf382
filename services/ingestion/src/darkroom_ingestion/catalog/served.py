"""Which pipelines are served, and where that is read from."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, Protocol

import structlog
from pydantic import ValidationError

from darkroom.api.pipeline import ImagePipeline
from darkroom.api.validation import check
from darkroom.catalog import Catalog, CatalogEntry
from darkroom.errors import DarkroomError
from darkroom.kafka.connection import KafkaConnection
from darkroom.topology import Topology, topology

_LOOK_AGAIN_S = 1.0

log = structlog.get_logger("darkroom.ingestion.catalog")


class BadCatalog(DarkroomError):
    """The catalog can't be read, or breaks a rule."""


@dataclass(frozen=True)
class ServedPipeline:
    """One pipeline, with what follows from its manifest."""

    pipeline: ImagePipeline
    kafka: KafkaConnection

    @cached_property
    def plan(self) -> Topology:
        """Its topics and stages."""
        return topology(self.pipeline)

    @cached_property
    def key(self) -> str:
        """What the store and the feed know it by."""
        return f"{self.pipeline.namespace}/{self.pipeline.name}"

    @cached_property
    def stages(self) -> tuple[str, ...]:
        """Names of its stages, in the order of the manifest."""
        return tuple(stage.name for stage in self.plan.stages)

    @cached_property
    def max_image_bytes(self) -> int:
        """The largest image that is taken."""
        return self.pipeline.spec.images.max_bytes.in_bytes

    @cached_property
    def path(self) -> str:
        """Where it is found over HTTP."""
        return f"/v1/pipelines/{self.key}"


@dataclass(frozen=True)
class Unserved:
    """Why a pipeline that is there is not served."""

    cause: Literal["Invalid", "TopicsNotReady", "KafkaNotKnown", "Deleting"]
    reason: str


class Pipelines(Mapping[str, ServedPipeline]):
    """Every pipeline that is served, by `namespace/name`, in that order.

    Attributes:
        unserved: those that are there and are not served.
        known: whether the catalog has been read; before, a pipeline that is missing here may well be there.
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

    def by_connection(self) -> dict[KafkaConnection, list[ServedPipeline]]:
        """The pipelines of each Kafka."""
        found: dict[KafkaConnection, list[ServedPipeline]] = {}
        for served in self.values():
            found.setdefault(served.kafka, []).append(served)
        return found


class CatalogSource(Protocol):
    """Where pipelines come from: a file, or a watch of the API server."""

    def read(self) -> Pipelines:
        """The pipelines as they are now.

        Raises:
            BadCatalog: they can't be read.
        """

    async def watch(self, changed: Callable[[Pipelines], None]) -> None:
        """Call `changed` with the pipelines whenever they are others than before. Runs until it is cancelled."""


class FileCatalog:
    """A JSON document of `darkroom.catalog.Catalog`. A version that can't be read leaves the last good one in force."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None

    def read(self) -> Pipelines:
        """The pipelines in the file.

        Raises:
            BadCatalog: the file is missing or not readable, no catalog, or breaks a rule.
        """
        self._seen = self._stamp()
        try:
            text = self._path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise BadCatalog(f"catalog {self._path} can't be read: {reason}") from error
        try:
            catalog = Catalog.model_validate_json(text)
        except ValidationError as error:
            raise BadCatalog(f"catalog {self._path}: {_first_problem(error)}") from None
        return served_pipelines(catalog.entries, str(self._path))

    async def watch(self, changed: Callable[[Pipelines], None]) -> None:
        """Look at the file once a second."""
        while True:
            await asyncio.sleep(_LOOK_AGAIN_S)
            if self._stamp() == self._seen:
                continue
            try:
                pipelines = self.read()
            except BadCatalog as error:
                log.warning("catalog not taken, the last good one stays", reason=str(error))
            else:
                changed(pipelines)

    def _stamp(self) -> tuple[int, int, int] | None:
        with contextlib.suppress(OSError):
            stat = self._path.stat()
            return stat.st_mtime_ns, stat.st_size, stat.st_ino
        return None


def served_pipelines(entries: list[CatalogEntry], source: str) -> Pipelines:
    """The pipelines of a catalog, checked.

    Raises:
        BadCatalog: a pipeline breaks a rule, or two have one name.
    """
    served: dict[str, ServedPipeline] = {}
    for entry in entries:
        one = ServedPipeline(entry.pipeline, entry.kafka)
        if problems := check(entry.pipeline):
            raise BadCatalog(f"catalog {source}: pipeline {one.key}: {problems[0]}")
        if one.key in served:
            raise BadCatalog(f"catalog {source}: pipeline {one.key} is there twice: remove one")
        served[one.key] = one
    return Pipelines(served)


def _first_problem(error: ValidationError) -> str:
    detail = error.errors()[0]
    place = ".".join(str(part) for part in detail["loc"])
    return f"{place}: {detail['msg']}" if place else str(detail["msg"])
