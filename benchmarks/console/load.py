"""Images at a steady rate."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from tests.support.services.ingestion import Pipeline

_BATCH_S = 0.1
_SIZE = {"width": 480, "height": 320, "format": "jpeg"}
_LABELS = ("animal", "flower", "fruit", "vehicle")


Answer = Callable[[Pipeline, Sequence[Mapping[str, Any]], int], None]
"""Publishes the results of images; the number is how many were sent before."""


@dataclass
class Load:
    """How many images were sent."""

    sent: int = 0


@contextmanager
def steady_load(
    url: str, pipeline: Pipeline, files: Sequence[bytes], per_second: float, answer: Answer | None = None
) -> Iterator[Load]:
    """Send images to a pipeline during the block; with `answer`, publish what it makes of them, as workers would.

    Where workers would take the cores that the browser needs, they would change what is measured.
    """
    load, stop = Load(), threading.Event()
    thread = threading.Thread(target=_send, args=(url, pipeline, files, per_second, answer, load, stop), daemon=True)
    thread.start()
    try:
        yield load
    finally:
        stop.set()
        thread.join()


def boxes(pipeline: Pipeline, images: Sequence[Mapping[str, Any]], number: int) -> None:
    """Publish four boxes for each image, which move from one image to the next."""
    predictions = [
        {
            "label": label,
            "index": index,
            "score": 0.6 + index / 10,
            "box": {"x": 20 + 90 * index, "y": 40 + (number * 7 + index * 31) % 120, "width": 80, "height": 90},
        }
        for index, label in enumerate(_LABELS)
    ]
    pipeline.analyze_many(images, pipeline.stages[0], predictions=predictions, image=_SIZE)


def _send(
    url: str,
    pipeline: Pipeline,
    files: Sequence[bytes],
    per_second: float,
    answer: Answer | None,
    load: Load,
    stop: threading.Event,
) -> None:
    started = time.monotonic()
    with httpx.Client(base_url=url) as client:
        while not stop.wait(_BATCH_S):
            due = int((time.monotonic() - started) * per_second)
            images = [_post(client, pipeline, files[number % len(files)]) for number in range(load.sent, due)]
            if images and answer is not None:
                answer(pipeline, images, load.sent)
            load.sent = due


def _post(client: httpx.Client, pipeline: Pipeline, file: bytes) -> dict[str, Any]:
    media_type = "image/png" if file.startswith(b"\x89PNG") else "image/jpeg"
    response = client.post(f"{pipeline.path}/images", content=file, headers={"Content-Type": media_type})
    image: dict[str, Any] = response.raise_for_status().json()
    return image
