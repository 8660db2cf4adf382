"""The ingestion service as a client outside the cluster sees it: at a node port, with pauses while it is replaced."""

from __future__ import annotations

import itertools
import json
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import httpx

from tests.support.until import until

if TYPE_CHECKING:
    from collections.abc import Iterator

URL = "http://127.0.0.1:30080"
DIGITS = Path(__file__).parents[3] / "k8s/samples/digits"
_TIMEOUT_S = 30.0
_PATIENCE_S = 120.0
_PACE_S = 0.15
_TYPES = {".png": "image/png", ".jpg": "image/jpeg"}


@dataclass(frozen=True)
class Picture:
    """A photograph of a digit, and its label."""

    path: Path

    @property
    def label(self) -> str:
        return self.path.stem.rpartition("-")[2]

    @property
    def content_type(self) -> str:
        return _TYPES[self.path.suffix]


PICTURES = [Picture(path) for path in sorted(DIGITS.iterdir())]


class IngestionClient:
    """A client of a pipeline's HTTP API, with the token of a caller."""

    def __init__(self, token: str, namespace: str = "demo", name: str = "digits") -> None:
        self.path = f"/v1/pipelines/{namespace}/{name}"
        self._http = httpx.Client(base_url=URL, timeout=_TIMEOUT_S, headers={"Authorization": f"Bearer {token}"})

    def close(self) -> None:
        self._http.close()

    def post(self, picture: Picture, **headers: str) -> dict[str, Any]:
        """Post until the image is accepted. Its idempotency key ensures that it is accepted once."""
        headers = {"Content-Type": picture.content_type, "Idempotency-Key": uuid.uuid4().hex, **headers}
        content = picture.path.read_bytes()
        last: str | int = ""

        def taken() -> dict[str, Any] | None:
            nonlocal last
            try:
                answer = self._http.post(f"{self.path}/images", content=content, headers=headers)
            except httpx.TransportError as error:
                last = repr(error)
                return None
            last = answer.text
            assert answer.status_code not in {400, 413, 415, 422}, answer.text
            return answer.json() if answer.is_success else None

        try:
            return until(taken, f"{picture.path.name} is taken", _PATIENCE_S)
        except AssertionError as error:
            raise AssertionError(f"{error}: {last}") from None

    def analysed(self, picture: Picture) -> dict[str, Any]:
        """Post, and wait for the document with the results of all stages."""
        document = self.post(picture, Prefer="wait=20")
        return self.answered(document["id"])

    def answered(self, image_id: str) -> dict[str, Any]:
        """The document of an image, once every stage has a result or a failure."""
        seen: dict[str, Any] = {}

        def done() -> dict[str, Any] | None:
            seen.update(self.get(f"{self.path}/images/{image_id}") or {})
            return seen if seen.get("state", "Received") != "Received" else None

        try:
            return until(done, f"{image_id} is answered", _PATIENCE_S)
        except AssertionError as error:
            raise AssertionError(f"{error}: {seen}") from None

    def get(self, path: str, **query: str) -> dict[str, Any] | None:
        """A document; None if it is not available now."""
        try:
            answer = self._http.get(path, params=query)
        except httpx.TransportError:
            return None
        return answer.json() if answer.is_success else None

    def events(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """The live feed: names and data. The first event, ("open", {}), means that the feed is connected."""
        with self._http.stream("GET", f"{self.path}/events") as answer:
            answer.raise_for_status()
            yield "open", {}
            name = ""
            for line in answer.iter_lines():
                field_name, _, value = line.partition(": ")
                if field_name == "event":
                    name = value
                elif field_name == "data":
                    yield name, json.loads(value)


@dataclass
class Stream:
    """Sends images continuously during the block.

    At the end of the block, every accepted image must have the results of all stages, with the right label.
    """

    ingestion: IngestionClient
    documents: list[dict[str, Any]] = field(default_factory=list)
    longest_pause_s: float = 0.0
    _sent: list[tuple[str, str]] = field(default_factory=list)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _problem: BaseException | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._post, daemon=True)
        self._thread.start()
        self.flows()
        return self

    def flows(self, images: int = 5) -> None:
        """Wait until `images` more images are accepted."""
        wanted = len(self._sent) + images
        until(lambda: len(self._sent) >= wanted or self._problem is not None, "images flow", _PATIENCE_S)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._stopping.set()
        self._thread.join()
        if kind is not None:
            return
        if self._problem is not None:
            raise self._problem
        self.documents = [self.ingestion.answered(image_id) for image_id, _ in self._sent]
        states = Counter(document["state"] for document in self.documents)
        assert states == {"Analyzed": len(self._sent)}, states
        for document, (_, label) in zip(self.documents, self._sent, strict=True):
            assert top_label(document) == label

    @property
    def ids(self) -> list[str]:
        return [image_id for image_id, _ in self._sent]

    def _post(self) -> None:
        last = time.monotonic()
        try:
            for picture in itertools.cycle(PICTURES):
                if self._stopping.wait(_PACE_S):
                    return
                self._sent.append((self.ingestion.post(picture)["id"], picture.label))
                self.longest_pause_s = max(self.longest_pause_s, time.monotonic() - last)
                last = time.monotonic()
        except BaseException as problem:  # noqa: BLE001 - told in the thread of the test
            self._problem = problem


def result_of(document: dict[str, Any], stage: str) -> dict[str, Any]:
    """The result of a stage for an image."""
    (found,) = [result for result in document["results"] if result["stage"] == stage]
    return found


def top_label(document: dict[str, Any]) -> str:
    """The best label of the stage `classify`."""
    return str(result_of(document, "classify")["predictions"][0]["label"])
