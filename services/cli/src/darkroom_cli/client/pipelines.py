"""The pipelines that the service serves, and the choice of one."""

import re
from dataclasses import dataclass

from darkroom_cli.client.service import Document, Refused, Service
from darkroom_cli.exit_codes import InvalidInput

_NAME = "[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?"
_FULL_NAME = re.compile(f"({_NAME})/({_NAME})")


@dataclass(frozen=True)
class Served:
    """A pipeline that the service serves.

    Attributes:
        stages: the names of its stages; empty if the caller may not read the pipeline.
        max_bytes: the size of the largest image; None if the caller may not read the pipeline.
    """

    namespace: str
    name: str
    stages: tuple[str, ...] = ()
    max_bytes: int | None = None

    @property
    def path(self) -> str:
        """The path of the pipeline in the HTTP API."""
        return f"/v1/pipelines/{self.namespace}/{self.name}"

    def expect(self, stage: str | None) -> None:
        """Check that the pipeline has a stage. Only for empty results: the results of a removed stage still exist.

        Raises:
            InvalidInput: the pipeline has no such stage.
        """
        if stage is not None and self.stages and stage not in self.stages:
            raise InvalidInput(f"{self} has no stage {stage}; its stages are {', '.join(self.stages)}")

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


def choose(service: Service, wanted: str | None) -> Served:
    """The pipeline `wanted` (NAMESPACE/NAME, or NAME if it is unique); the only pipeline if `wanted` is None.

    A caller that may only send images sees no pipeline in the list. NAMESPACE/NAME is enough then.

    Raises:
        InvalidInput: there is no such pipeline, or more than one matches.
        Unreachable: the service doesn't respond.
    """
    listed = list_pipelines(service)
    served = [_served(document) for document in listed["pipelines"]]
    matching = [pipeline for pipeline in served if wanted in {None, str(pipeline), pipeline.name}]
    if len(matching) == 1:
        return matching[0]
    names = ", ".join(map(str, served))
    for unserved in listed["unserved"]:
        if wanted in {name_of(unserved), unserved["name"]}:
            raise InvalidInput(
                f"{service.url} does not serve {name_of(unserved)}: {unserved['reason']}. `darkroom status` has details"
            )
    if service.has_token and (unlisted := _unlisted(service.namespace, wanted or "")):
        return unlisted
    if not served:
        where = "" if service.namespace is None else f" of namespace {service.namespace}"
        readable = " that this token may read: name one with --pipeline NAMESPACE/NAME" if service.has_token else " yet"
        raise InvalidInput(f"{service.url} serves no pipeline{where}{readable}")
    if not matching:
        raise InvalidInput(f"{service.url} serves no pipeline {wanted}; it serves {names}")
    raise InvalidInput(f"{service.url} serves several pipelines: choose one with --pipeline: {names}")


def _unlisted(namespace: str | None, wanted: str) -> Served | None:
    """A pipeline that may be there although the list does not show it; None if `wanted` is not a full name."""
    full = wanted if "/" in wanted or namespace is None else f"{namespace}/{wanted}"
    parts = _FULL_NAME.fullmatch(full)
    if parts is None or namespace not in {None, parts[1]}:
        return None
    return Served(parts[1], parts[2])


def list_pipelines(service: Service) -> dict[str, list[Document]]:
    """The documents of the pipelines that the service serves, and of those that it does not (`unserved`).

    Raises:
        Refused: it is not a Darkroom service.
        Unreachable: the service doesn't respond.
    """
    try:
        listed = service.get("/v1/pipelines").json()
        return {
            kind: [document for document in listed.get(kind, []) if service.namespace in {None, document["namespace"]}]
            for kind in ("pipelines", "unserved")
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused(200, f"{service.url} responds, but is not a Darkroom service: check --url") from error


def name_of(document: Document) -> str:
    """NAMESPACE/NAME of a pipeline's document."""
    return f"{document['namespace']}/{document['name']}"


def _served(document: Document) -> Served:
    stages = tuple(stage["name"] for stage in document["stages"])
    return Served(document["namespace"], document["name"], stages, int(document["maxBytes"]))
