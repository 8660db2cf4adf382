"""What the workers of a stage have done, from their metrics."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Final

from darkroom.scaling.observation import Work
from darkroom_cli.processes.local_http import get
from darkroom_cli.runner.supervised import Service

_TIMEOUT_S: Final = 2.0
_IMAGES: Final = "darkroom_worker_images_total"
_BUSY_S: Final = "darkroom_worker_busy_seconds_total"


class WorkMeter:
    """Remembers what workers had done when they were last asked."""

    def __init__(self) -> None:
        self._done: Mapping[int, Work] = {}

    async def since_last(self, workers: Iterable[Service]) -> Work | None:
        """What `workers` have done since the last call; None if they finished nothing, or one of them does not answer.

        A worker that is asked for the first time counts from its start, as one that was restarted does.
        """
        asked = list(workers)
        answers = await asyncio.gather(*(_done(worker) for worker in asked))
        before, found = self._done, {}
        for worker, done in zip(asked, answers, strict=True):
            if done is None:
                return None
            found[worker.port] = done
        self._done = found
        parts = [_since(before.get(port), done) for port, done in found.items()]
        images, busy_s = sum(part.images for part in parts), sum(part.busy_s for part in parts)
        return Work(images, busy_s) if images and busy_s else None


async def _done(worker: Service) -> Work | None:
    """What a worker has done since its start; None if it does not answer."""
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            _, text = await get(worker.host, worker.port, "/metrics")
    except OSError:  # with TimeoutError
        return None
    return work_in(text)


def work_in(metrics: str) -> Work:
    """The images and the busy seconds in metrics in Prometheus' text format."""
    images, busy_s = 0.0, 0.0
    for line in metrics.splitlines():
        if line.startswith(_IMAGES):
            images += float(line.rpartition(" ")[2])
        elif line.startswith(_BUSY_S):
            busy_s += float(line.rpartition(" ")[2])
    return Work(int(images), busy_s)


def _since(before: Work | None, now: Work) -> Work:
    if before is None or now.images < before.images or now.busy_s < before.busy_s:
        return now
    return Work(now.images - before.images, now.busy_s - before.busy_s)
