"""The process that makes thumbnails: its limits, and what happens when it ends."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from darkroom_ingestion.thumbnails.__main__ import MEMORY_BYTES
from darkroom_ingestion.thumbnails.decoder import Decoder, NoThumbnail
from tests.support.services.ingestion import JPEG, PNG

pytestmark = pytest.mark.processes


def with_decoder(use: Callable[[Decoder], Awaitable[None]], **limits: float) -> None:
    async def run() -> None:
        decoder = Decoder(**limits)
        try:
            await use(decoder)
        finally:
            await decoder.close()

    asyncio.run(run())


def running(decoder: Decoder) -> int:
    assert decoder.pid is not None
    return decoder.pid


def memory_limit(pid: int) -> int:
    [data] = [line for line in Path(f"/proc/{pid}/limits").read_text().splitlines() if "data size" in line]
    return int(data.split()[3])


def exists(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_one_process_makes_thumbnails_within_its_memory() -> None:
    async def use(decoder: Decoder) -> None:
        assert decoder.pid is None
        assert (await decoder.thumbnail(JPEG, 160)).startswith(b"RIFF")
        pid = running(decoder)
        with pytest.raises(NoThumbnail, match="PNG file cannot be decoded"):
            await decoder.thumbnail(PNG[:-30], 160)
        with pytest.raises(NoThumbnail):
            await decoder.thumbnail(b"", 160)
        assert (await decoder.thumbnail(PNG, 320)).startswith(b"RIFF")
        assert decoder.pid == pid
        assert memory_limit(pid) == MEMORY_BYTES

    with_decoder(use)


def test_a_file_that_takes_too_long_ends_the_process_and_the_next_file_has_another() -> None:
    async def use(decoder: Decoder) -> None:
        await decoder.thumbnail(JPEG, 160)
        stuck = running(decoder)
        os.kill(stuck, signal.SIGSTOP)
        with pytest.raises(NoThumbnail, match=r"more than 0\.5 s"):
            await decoder.thumbnail(JPEG, 160)
        with pytest.raises(ProcessLookupError):
            os.kill(stuck, 0)
        assert (await decoder.thumbnail(JPEG, 160)).startswith(b"RIFF")

    with_decoder(use, file_s=0.5)


def test_a_process_that_ends_is_replaced() -> None:
    async def use(decoder: Decoder) -> None:
        await decoder.thumbnail(JPEG, 160)
        pid = running(decoder)
        os.kill(pid, signal.SIGSTOP)
        asking = asyncio.create_task(decoder.thumbnail(JPEG, 160))
        await asyncio.sleep(0)
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(NoThumbnail, match="crashes"):
            await asking
        assert (await decoder.thumbnail(JPEG, 160)).startswith(b"RIFF")

    with_decoder(use)


def test_an_idle_process_ends() -> None:
    async def use(decoder: Decoder) -> None:
        await decoder.thumbnail(JPEG, 160)
        pid = running(decoder)
        async with asyncio.timeout(30):
            while exists(pid):  # noqa: ASYNC110 - a state of the system
                await asyncio.sleep(0.01)
        assert decoder.pid is None

    with_decoder(use, idle_s=0.01)
