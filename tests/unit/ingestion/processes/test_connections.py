"""Connections that one process accepts and another serves."""

import asyncio
import socket
from collections.abc import Callable

from darkroom_ingestion.processes.connections import Handover, Received, connection_sockets


def test_connections_are_served_and_counted_until_they_end() -> None:
    async def run() -> tuple[list[bytes], list[int]]:
        ours, theirs = connection_sockets()
        handover, counts, served = Handover(ours), [], []
        ends: list[Callable[[], None]] = []

        async def serve(connection: socket.socket, ended: Callable[[], None]) -> None:
            with connection:
                served.append(connection.recv(10))
            ends.append(ended)

        received = Received(theirs, serve, serve)
        clients = [socket.socketpair() for _ in range(3)]
        for client, _ in clients:
            client.sendall(b"hello")
        # Two are passed before the other process takes any, as when it is starting.
        assert handover.give(b"h", clients[0][1])
        assert handover.give(b"p", clients[1][1])
        received.begin()
        await becomes(lambda: len(served) == 2)
        assert handover.give(b"h", clients[2][1])
        await received.finish()
        counts.append(handover.open)
        for ended in ends:
            ended()
        await becomes(lambda: handover.open == 0)
        theirs.close()
        assert not handover.give(b"h", clients[0][1])
        handover.close()
        for pair in clients:
            for end in pair:
                end.close()
        return served, counts

    assert asyncio.run(run()) == ([b"hello"] * 3, [2])


def test_a_client_that_has_gone_is_counted_as_ended() -> None:
    async def run() -> None:
        ours, theirs = connection_sockets()
        handover = Handover(ours)

        async def fail(_connection: socket.socket, _ended: Callable[[], None]) -> None:
            raise ConnectionResetError

        received = Received(theirs, fail, fail)
        received.begin()
        client, accepted = socket.socketpair()
        assert handover.give(b"h", accepted)
        accepted.close()
        await becomes(lambda: handover.open == 0)
        assert client.recv(1) == b""
        await received.finish()
        handover.close()
        for one in (client, theirs):
            one.close()

    asyncio.run(run())


async def becomes(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - several of them
            await asyncio.sleep(0.001)
