"""Web consoles without a browser: `python -m benchmarks.console.viewers URL PIPELINE NUMBER`, until they are ended.

Each requests what the page of the wall requests: the live stream, the thumbnails of at most six new images every half
second of the clock, the state of the service every ten seconds, and the pipelines every thirty.
"""

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import Awaitable, Callable

import httpx

_TICK_S, _TICK_AT_S, _MOST_ADDED = 0.5, 0.05, 6


async def main(url: str, pipeline: str, number: int) -> None:
    """Follow a pipeline, as `namespace/name`, as so many consoles."""
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=url, timeout=30, limits=limits) as client, asyncio.TaskGroup() as group:
        for _ in range(number):
            newest: list[str] = []
            group.create_task(_follow(client, pipeline, newest))
            group.create_task(_tick(client, pipeline, newest))
            group.create_task(_every(10, lambda: _get(client, "/readyz")))
            group.create_task(_every(30, lambda: _get(client, "/v1/pipelines")))


async def _follow(client: httpx.AsyncClient, pipeline: str, newest: list[str]) -> None:
    async with client.stream("GET", "/v1/live", params={"pipeline": pipeline}) as answer:
        name = ""
        async for line in answer.aiter_lines():
            field, _, value = line.partition(": ")
            if field == "event":
                name = value
            elif field == "data" and name == "batch":
                newest[:0] = [result["id"] for result in json.loads(value)["results"]]
                del newest[_MOST_ADDED:]


async def _tick(client: httpx.AsyncClient, pipeline: str, newest: list[str]) -> None:
    path = f"/v1/pipelines/{pipeline}/images"
    async with asyncio.TaskGroup() as requests:
        while True:
            # As console/src/screens/live/wall.ts does.
            left_s = _TICK_S - (time.time() - _TICK_AT_S) % _TICK_S
            await asyncio.sleep(left_s if left_s > _TICK_S / 2 else left_s + _TICK_S)
            images, newest[:] = list(newest), []
            for image in images:
                requests.create_task(_get(client, f"{path}/{image}/thumbnail?size=320"))


async def _get(client: httpx.AsyncClient, path: str) -> None:
    with contextlib.suppress(httpx.TransportError):
        await client.get(path)


async def _every(seconds: float, act: Callable[[], Awaitable[None]]) -> None:
    while True:
        await act()
        await asyncio.sleep(seconds)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
