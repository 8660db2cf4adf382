"""A TCP proxy whose network can be cut: data is held without closing connections."""

import asyncio
import contextlib
import threading
from types import TracebackType
from typing import Self

from darkroom_cli.processes.ports import HOST, Reservation

_CHUNK_BYTES = 65_536
_TIMEOUT_S = 10.0


class TcpProxy:
    """Listens on `port` from its creation and forwards to the port given to `forward`, until it is cut.

    A cut connection is not closed: data is held, as by a network that loses all packets, and continues when the network
    heals if both ends still exist. New connections are accepted and get no data.
    """

    def __init__(self) -> None:
        self._reservation = Reservation()
        self.port = self._reservation.port
        self._target = 0
        self._loop = asyncio.new_event_loop()
        self._open = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"proxy-{self.port}", daemon=True)

    @property
    def address(self) -> str:
        """`host:port` for clients."""
        return f"{HOST}:{self.port}"

    def forward(self, target: int) -> None:
        """Start forwarding to `target`, a port on this machine."""
        self._target = target
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(_TIMEOUT_S)

    def cut(self) -> None:
        """Cut the network."""
        self._loop.call_soon_threadsafe(self._open.clear)

    def heal(self) -> None:
        """Restore the network."""
        self._loop.call_soon_threadsafe(self._open.set)

    def stop(self) -> None:
        """Close everything. Safe to call twice."""
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(_TIMEOUT_S)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(_TIMEOUT_S)
        self._loop.close()
        self._reservation.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def _listen(self) -> None:
        self._open.set()
        self._server = await asyncio.start_server(self._accepted, HOST, self.port)

    async def _close(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        with contextlib.suppress(OSError, asyncio.CancelledError), contextlib.closing(writer):
            await self._open.wait()
            other_reader, other_writer = await asyncio.open_connection(HOST, self._target)
            with contextlib.closing(other_writer):
                pumps = [
                    asyncio.create_task(self._pump(reader, other_writer)),
                    asyncio.create_task(self._pump(other_reader, writer)),
                ]
                try:
                    # Kafka's clients and brokers close both directions at once.
                    await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for pump in pumps:
                        pump.cancel()
                    await asyncio.gather(*pumps, return_exceptions=True)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(_CHUNK_BYTES):
            await self._open.wait()
            writer.write(data)
            await writer.drain()
