"""Messages between processes."""

import asyncio
import socket

import pytest

from darkroom_ingestion.processes.channel import Channel


def test_messages_arrive_in_order_and_whole_until_the_other_end_is_closed() -> None:
    async def run() -> list[object]:
        ours, theirs = socket.socketpair()
        sender, receiver = await Channel.over(ours), await Channel.over(theirs)
        messages: list[object] = ["first", {"large": b"x" * 1_000_000}, 3]
        for message in messages:
            sender.send(message)
        closing = asyncio.create_task(sender.close())
        received = [await receiver.receive() for _ in messages]
        with pytest.raises(EOFError):
            await receiver.receive()
        await closing
        await receiver.close()
        assert received == messages
        return received

    assert asyncio.run(run())
