"""A catalog read from a file."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import structlog
from pydantic import ValidationError

from darkroom.api.validation import check
from darkroom.catalog import Catalog, CatalogEntry
from darkroom.files.stamps import Stamp, stamp_of
from darkroom_ingestion.catalog.served import Pipelines, ServedPipeline
from darkroom_ingestion.catalog.source import BadCatalog

_LOOK_AGAIN_S = 1.0

log = structlog.get_logger("darkroom.ingestion.catalog")


class FileCatalog:
    """A JSON document of `darkroom.catalog.Catalog`. While the file is invalid, its last valid version is used."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: Stamp | None = None

    def read(self) -> Pipelines:
        """The pipelines in the file.

        Raises:
            BadCatalog: the file can't be read, or its content is invalid.
        """
        self._seen = stamp_of(self._path)
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
        """Check the file once a second."""
        while True:
            await asyncio.sleep(_LOOK_AGAIN_S)
            if stamp_of(self._path) == self._seen:
                continue
            try:
                pipelines = self.read()
            except BadCatalog as error:
                log.warning("catalog is invalid, keeping the last valid one", reason=str(error))
            else:
                changed(pipelines)

    async def reported_status(self, key: str) -> None:
        """None: only the operator writes a status."""


def served_pipelines(entries: list[CatalogEntry], source: str) -> Pipelines:
    """The pipelines of a catalog, validated.

    Raises:
        BadCatalog: a pipeline breaks a rule, or two have the same name.
    """
    served: dict[str, ServedPipeline] = {}
    for entry in entries:
        one = ServedPipeline(entry.pipeline, entry.kafka)
        if problems := check(entry.pipeline):
            raise BadCatalog(f"catalog {source}: pipeline {one.key}: {problems[0]}")
        if one.key in served:
            raise BadCatalog(f"catalog {source}: pipeline {one.key} is listed twice: remove one")
        served[one.key] = one
    return Pipelines(served)


def _first_problem(error: ValidationError) -> str:
    detail = error.errors()[0]
    field = ".".join(str(part) for part in detail["loc"])
    return f"{field}: {detail['msg']}" if field else str(detail["msg"])
