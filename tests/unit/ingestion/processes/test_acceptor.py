"""Accepting connections for HTTP processes."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from darkroom_ingestion.processes.acceptor import Acceptor
from darkroom_ingestion.processes.child import Child
from darkroom_ingestion.processes.connections import Kind


class Recorder(Child):
    """A process that keeps the number of its connections."""

    def __init__(self, number: int, *, responds: bool = True) -> None:
        super().__init__(number)
        self.serving, self.given, self._responds = True, 0, responds

    @property
    def open_connections(self) -> int:
        return self.given

    @property
    def responds(self) -> bool:
        return self._responds

    def give(self, kind: Kind, connection: socket.socket) -> bool:
        assert (kind, connection.fileno() >= 0) == (b"h", True)
        self.given += 1
        return True


@contextmanager
def connected(listening: socket.socket, count: int) -> Iterator[None]:
    clients = [socket.create_connection(listening.getsockname()) for _ in range(count)]
    try:
        yield
    finally:
        for client in clients:
            client.close()


def test_connections_wait_until_a_process_serves_and_then_go_to_the_one_with_the_fewest() -> None:
    async def run() -> list[int]:
        listening = socket.create_server(("127.0.0.1", 0))
        children = [Recorder(1), Recorder(2), Recorder(3, responds=False)]
        for child in children:
            child.serving = False
        acceptor = Acceptor({b"h": listening}, children)
        with connected(listening, 6):
            acceptor.update()
            for child in children:
                child.serving = True
            acceptor.update()
            async with asyncio.timeout(30):
                while sum(child.given for child in children) < 6:  # noqa: ASYNC110 - a sum
                    await asyncio.sleep(0.001)
        acceptor.close()
        return [child.given for child in children]

    assert asyncio.run(run()) == [3, 3, 0]


def test_nothing_is_accepted_after_the_end_though_a_process_still_serves() -> None:
    async def run() -> list[int]:
        listening = socket.create_server(("127.0.0.1", 0))
        address = listening.getsockname()
        children = [Recorder(1), Recorder(2)]
        acceptor = Acceptor({b"h": listening}, children)
        acceptor.update()
        with connected(listening, 2):
            acceptor.close()
        children[0].serving = False
        acceptor.update()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address)
        return [child.given for child in children]

    assert asyncio.run(run()) == [1, 1]
