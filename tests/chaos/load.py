"""The load: small images over HTTP, each sent until it is acknowledged."""

import asyncio
import random
import threading
import time
import uuid
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from tests.chaos.verdict.evidence import Acknowledged
from tests.chaos.verdict.ledger import Ledger
from tests.chaos.verdict.promises import Content
from tests.chaos.worker_faults import POISON

SAMPLES = Path(__file__).parents[2] / "k8s/samples/digits"
LANES: Final = 48
_KEYLESS_LANES: Final = 8
_DAMAGED_EVERY: Final = 97
_POISON_EVERY: Final = 2_000
"""Each ends several processes, one after the other, and their parents wait longer and longer to restart them."""
_FIRST_POISON: Final = 150
_TIMEOUT_S: Final = 30.0
_PAUSE_S: Final = (0.4, 1.2)


@dataclass(frozen=True)
class Body:
    """An image to send."""

    file: str
    data: bytes
    content_type: str
    content: Content = "Good"


def bodies() -> list[Body]:
    """The sample digits, some truncated ones, whose headers the ingestion service accepts, and some poison."""
    good = [
        Body(path.name, path.read_bytes(), "image/png" if path.suffix == ".png" else "image/jpeg")
        for path in sorted(SAMPLES.iterdir())
        if path.suffix in {".jpg", ".png"}
    ]
    whole = [body for body in good if body.content_type == "image/png"][:3]
    return [
        *good,
        *(Body(f"half-{b.file}", b.data[: len(b.data) // 2], b.content_type, "Damaged") for b in whole),
        *(Body(f"poison-{b.file}", b.data + POISON, b.content_type, "Poison") for b in whole),
    ]


def content(number: int) -> Content:
    """The content of the image with this number."""
    if number % _POISON_EVERY == _FIRST_POISON:
        return "Poison"
    return "Damaged" if number % _DAMAGED_EVERY == _DAMAGED_EVERY - 1 else "Good"


class Refused(Exception):
    """The service refuses a valid image."""


class Load:
    """Sends images in a separate thread: at least `images`, and more until `enough` is set.

    Every lane sends one image at a time, so that the order of the images of its key is known.
    """

    def __init__(self, url: str, images: int, rate: float, seed: int) -> None:
        self.ledger = Ledger()
        self.enough = threading.Event()
        self._url, self._images, self._rate = url, images, rate
        self._random = random.Random(seed)
        self._run_id = uuid.uuid4().hex[:8]
        self._began = 0
        self._next_at = 0.0
        self._give_up = threading.Event()
        self.problem = ""
        self._thread = threading.Thread(target=self._run, name="load", daemon=True)

    def start(self) -> None:
        """Start sending."""
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether images are still being sent."""
        return self._thread.is_alive()

    def stop(self, timeout_s: float) -> None:
        """Abandon the images that are not acknowledged yet."""
        self.enough.set()
        self._give_up.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            asyncio.run(self._send_all())
        except* Refused as refused:
            self.problem = str(refused.exceptions[0])

    async def _send_all(self) -> None:
        self._next_at = time.monotonic()
        limits = httpx.Limits(max_connections=LANES)
        async with httpx.AsyncClient(timeout=_TIMEOUT_S, limits=limits) as client, asyncio.TaskGroup() as lanes:
            for number in range(LANES):
                lanes.create_task(self._lane(client, number))

    async def _lane(self, client: httpx.AsyncClient, lane: int) -> None:
        choices: dict[Content, list[Body]] = defaultdict(list)
        for body in bodies():
            choices[body.content].append(body)
        key = None if lane < _KEYLESS_LANES else f"camera-{lane}"
        while not self._give_up.is_set() and not (self._began >= self._images and self.enough.is_set()):
            number, self._began = self._began, self._began + 1
            self._next_at = max(self._next_at + 1 / self._rate, time.monotonic() - 1)
            await asyncio.sleep(self._next_at - time.monotonic())
            body = self._random.choice(choices[content(number)])
            if image := await self._send(client, body, key, f"{self._run_id}-{number}"):
                image_id, position = image
                self.ledger.acknowledge(Acknowledged(image_id, lane, key, body.file, body.content, position))

    async def _send(
        self, client: httpx.AsyncClient, body: Body, key: str | None, idempotency_key: str
    ) -> tuple[str, tuple[int, int]] | None:
        headers = {"Content-Type": body.content_type, "Idempotency-Key": idempotency_key}
        while not self._give_up.is_set():
            try:
                answer = await client.post(
                    self._url, content=body.data, headers=headers, params={} if key is None else {"key": key}
                )
            except httpx.TransportError as error:
                self.ledger.again(type(error).__name__)
            else:
                if answer.status_code == httpx.codes.ACCEPTED:
                    accepted = answer.json()
                    return accepted["id"], (accepted["partition"], accepted["offset"])
                if answer.status_code not in {409, 429, 503}:
                    raise Refused(f"{body.file} is refused: {answer.status_code} {answer.text}")
                self.ledger.again(str(answer.status_code))
            await asyncio.sleep(self._random.uniform(*_PAUSE_S))
        return None
