"""Images that the tests of the console send, and waiting for what becomes of them."""

from collections.abc import Sequence
from typing import Any

from tests.support.services.console import SAMPLES, Gallery
from tests.support.services.ingestion import Pipeline, accepted, document
from tests.support.until import until

SCENES = [file.read_bytes() for file in sorted((SAMPLES / "objects").iterdir())]
DIGITS = [file.read_bytes() for file in sorted((SAMPLES / "digits").iterdir()) if file.suffix == ".png"]


def send(
    gallery: Gallery, pipeline: Pipeline, files: Sequence[bytes], key: str | None = None, media_type: str = "image/jpeg"
) -> list[dict[str, Any]]:
    """Send images. Returns the responses."""
    parameters = {"params": {"key": key}} if key else {}
    return [accepted(gallery.service, pipeline, file, content_type=media_type, **parameters) for file in files]


def send_and_wait(
    gallery: Gallery, pipeline: Pipeline, files: Sequence[bytes], key: str | None = None, media_type: str = "image/jpeg"
) -> list[dict[str, Any]]:
    """Send images, and wait until every stage has analysed them or failed. Returns the responses."""
    images = send(gallery, pipeline, files, key, media_type)
    for image in images:
        until_state(gallery, pipeline, image["id"], "Analyzed", "PartlyFailed", "Failed")
    return images


def until_state(gallery: Gallery, pipeline: Pipeline, image_id: str, *states: str) -> None:
    """Wait until an image has one of these states."""
    until(
        lambda: document(gallery.service, pipeline, image_id)["state"] in states,
        f"{image_id} is {' or '.join(states)}",
    )
