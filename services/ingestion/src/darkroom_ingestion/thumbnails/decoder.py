"""Starts the process that makes thumbnails, and ends it if a file takes too long or nothing has asked for a while."""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from typing import Final

import structlog

from darkroom.errors import DarkroomError
from darkroom.processes.parent_death import ending_with_us
from darkroom_ingestion.thumbnails.frames import REQUEST, RESPONSE

_FILE_S: Final = 10.0
_START_S: Final = 30.0
_IDLE_S: Final = 60.0

log = structlog.get_logger("darkroom.ingestion.thumbnails")


class NoThumbnail(DarkroomError):
    """The file can't be made into a thumbnail. Trying again would not help."""


class Decoder:
    """The process, started when it is first needed. Used from the event loop only.

    Args:
        file_s: the time for one file, after which the process is killed. The first one has more, for the start.
        idle_s: the time without requests after which the process ends, because its libraries take memory.
    """

    def __init__(self, file_s: float = _FILE_S, idle_s: float = _IDLE_S) -> None:
        self._file_s, self._idle_s = file_s, idle_s
        self._process: Process | None = None
        self._ending: asyncio.TimerHandle | None = None

    @property
    def pid(self) -> int | None:
        """The process; None if none runs."""
        return None if self._process is None else self._process.pid

    async def thumbnail(self, data: bytes, size: int) -> bytes:
        """The thumbnail of an image file as WebP, its longer side at most `size` pixels. Not for concurrent calls.

        Raises:
            NoThumbnail: the file can't be decoded, or not within the limits of time and memory.
        """
        self._stay()
        if self._process is not None and self._process.returncode is not None:
            self._process = None  # ended by somebody else
        limit_s = self._file_s if self._process is not None else self._file_s + _START_S
        process = self._process = self._process or await _start()
        try:
            async with asyncio.timeout(limit_s):
                made, content = await _ask(process, data, size)
        except TimeoutError:
            await self._kill()
            raise NoThumbnail(f"decoding the file took more than {self._file_s:g} s") from None
        except (OSError, asyncio.IncompleteReadError):
            await self._kill()
            log.warning("the process that makes thumbnails has ended", code=process.returncode)
            raise NoThumbnail("the decoder crashes on this file") from None
        except BaseException:
            # The request was cancelled, and its response would be taken for that of the next one.
            await asyncio.shield(self._kill())
            raise
        finally:
            self._ending = asyncio.get_running_loop().call_later(self._idle_s, self._end_when_idle)
        if not made:
            raise NoThumbnail(content.decode(errors="replace"))
        return content

    async def close(self) -> None:
        """End the process."""
        self._stay()
        await self._kill()

    def _stay(self) -> None:
        if self._ending is not None:
            self._ending.cancel()
            self._ending = None

    def _end_when_idle(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()  # it ends by itself, and asyncio reaps it
            self._process = None

    async def _kill(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()


async def _start() -> Process:
    command = ending_with_us([sys.executable, "-P", "-m", "darkroom_ingestion.thumbnails"])
    return await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL)


async def _ask(process: Process, data: bytes, size: int) -> tuple[bool, bytes]:
    assert process.stdin is not None  # noqa: S101 - a pipe
    assert process.stdout is not None  # noqa: S101 - a pipe
    process.stdin.write(REQUEST.pack(size, len(data)))
    process.stdin.write(data)
    await process.stdin.drain()
    made, length = RESPONSE.unpack(await process.stdout.readexactly(RESPONSE.size))
    return made, await process.stdout.readexactly(length)
