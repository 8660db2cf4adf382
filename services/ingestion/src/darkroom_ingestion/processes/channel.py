"""Messages between the parent and an HTTP process: pickled objects over a socket."""

import asyncio
import contextlib
import pickle
import socket
from typing import Self

_LENGTH_BYTES = 4
_MOST_UNSENT_BYTES = 64 * 2**20


class Channel:
    """One end of the connection. Used from the event loop only."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def over(cls, connected: socket.socket) -> Self:
        """The channel over a connected socket, which it closes."""
        return cls(*await asyncio.open_unix_connection(sock=connected))

    def send(self, message: object) -> None:
        """Send `message` without waiting. Disconnects a process that has long stopped reading."""
        data = pickle.dumps(message)
        self._writer.write(len(data).to_bytes(_LENGTH_BYTES, "big") + data)
        if self._writer.transport.get_write_buffer_size() > _MOST_UNSENT_BYTES:
            self._writer.transport.abort()

    async def receive(self) -> object:
        """The next message.

        Raises:
            EOFError: the process at the other end has ended.
        """
        try:
            length = int.from_bytes(await self._reader.readexactly(_LENGTH_BYTES), "big")
            return pickle.loads(await self._reader.readexactly(length))  # noqa: S301 - from a process of ours
        except (asyncio.IncompleteReadError, OSError) as error:
            raise EOFError from error

    async def close(self) -> None:
        """Disconnect, after what has been sent."""
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()
