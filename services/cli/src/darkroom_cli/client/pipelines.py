"""Which of the served pipelines is meant."""

from dataclasses import dataclass

from darkroom_cli.client.service import Document, Refused, Service
from darkroom_cli.exit_codes import InvalidInput


@dataclass(frozen=True)
class Served:
    """A pipeline of the service."""

    namespace: str
    name: str
    stages: tuple[str, ...]
    max_bytes: int

    @property
    def path(self) -> str:
        """Where everything of the pipeline is found."""
        return f"/v1/pipelines/{self.namespace}/{self.name}"

    def expect(self, stage: str | None) -> None:
        """Check that a stage is one of the pipeline's. What there is already may be of a stage that it had once.

        Raises:
            InvalidInput: it has no such stage.
        """
        if stage is not None and stage not in self.stages:
            raise InvalidInput(f"{self} has no stage {stage}: there is {', '.join(self.stages)}")

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


def choose(service: Service, wanted: str | None) -> Served:
    """The pipeline `wanted` (NAMESPACE/NAME, or NAME alone if only one has it), or the only one there is.

    Raises:
        InvalidInput: there is no such pipeline, or more than one may be meant.
        Unreachable: the service doesn't answer.
    """
    try:
        served = [_served(document) for document in service.get("/v1/pipelines").json()["pipelines"]]
    except (ValueError, KeyError, TypeError) as error:
        raise Refused(200, f"{service.url} answers, but is not a Darkroom service: check --url") from error
    matching = [each for each in served if wanted in {None, str(each), each.name}]
    if len(matching) == 1:
        return matching[0]
    names = ", ".join(map(str, served)) or "none"
    if not matching:
        raise InvalidInput(
            f"pipeline {wanted or ''} is not served at {service.url}: there is {names}".replace("  ", " ")
        )
    raise InvalidInput(f"several pipelines are served at {service.url}: choose one with --pipeline: {names}")


def _served(document: Document) -> Served:
    stages = tuple(stage["name"] for stage in document["stages"])
    return Served(document["namespace"], document["name"], stages, int(document["maxBytes"]))
