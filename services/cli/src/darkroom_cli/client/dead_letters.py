"""Dead letters of a pipeline: listing, finding, downloading and redriving."""

import re
from collections.abc import Iterator
from typing import Any

from darkroom_cli.client.pipelines import Served
from darkroom_cli.client.service import Document, Service
from darkroom_cli.exit_codes import InvalidInput

_REFERENCE = re.compile(r"(?P<stage>[a-z0-9-]+)/(?P<partition>\d+)/(?P<offset>\d+)")


def list_dead_letters(
    service: Service, pipeline: Served, stage: str | None = None, reason: str | None = None
) -> Iterator[Document]:
    """Dead letters, newest first.

    Raises:
        Refused: the service rejects the request.
        Unreachable: it doesn't answer.
    """
    filters = {name: value for name, value in (("stage", stage), ("reason", reason)) if value is not None}
    return service.pages(f"{pipeline.path}/dead-letters", "deadLetters", filters)


def find_dead_letter(service: Service, pipeline: Served, wanted: str) -> Document:
    """The dead letter that `wanted` selects: STAGE/PARTITION/OFFSET as listed, or an image's id.

    Raises:
        InvalidInput: there is no such dead letter, or the image failed in several stages.
    """
    position = _REFERENCE.fullmatch(wanted)
    stage = position["stage"] if position else None
    found = [letter for letter in list_dead_letters(service, pipeline, stage) if _means(wanted, position, letter)]
    stages = sorted({letter["stage"] for letter in found})
    if not found:
        raise InvalidInput(f"{pipeline} has no dead letter {wanted}: `darkroom dead-letters` lists them")
    if len(stages) > 1:
        references = ", ".join(f"{letter['stage']}/{letter['partition']}/{letter['offset']}" for letter in found)
        raise InvalidInput(f"image {wanted} failed in several stages: choose one of {references}")
    return found[0]


def content(service: Service, pipeline: Served, letter: Document) -> bytes:
    """The image of a dead letter, as it was sent.

    Raises:
        Refused: retention has removed it from the topic.
    """
    position = f"{letter['stage']}/{letter['partition']}/{letter['offset']}"
    return service.get(f"{pipeline.path}/dead-letters/{position}/content").content


def redrive(service: Service, pipeline: Served, request: Document) -> Iterator[Document]:
    """Redrive the dead letters that `request` selects, in parts, until none is left. Yields the service's responses.

    Raises:
        Refused: the service rejects the request.
        Unreachable: it doesn't answer.
    """
    while True:
        answer: dict[str, Any] = service.send("POST", f"{pipeline.path}/dead-letters/redrive", json=request).json()
        yield answer
        if not answer["remaining"] or not answer["images"]:
            return


def _means(wanted: str, position: re.Match[str] | None, letter: Document) -> bool:
    if position is None:
        return bool(letter["id"] == wanted)
    return (letter["partition"], letter["offset"]) == (int(position["partition"]), int(position["offset"]))
