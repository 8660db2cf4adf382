"""HEAD: the headers of GET, without making the body."""

import asyncio
from collections.abc import AsyncGenerator

from starlette.types import Message

from darkroom_ingestion.http.middleware.head import HeadAsGet
from darkroom_ingestion.http.responses.streamed import Streamed


def test_a_body_that_is_made_while_it_is_sent_is_not_made_for_head() -> None:
    made: list[int] = []
    sent: list[Message] = []

    async def chunks() -> AsyncGenerator[bytes, None]:
        for number in range(3):
            made.append(number)
            yield b"chunk"

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    def responses(method: str) -> tuple[int, list[bytes]]:
        made.clear()
        sent.clear()
        scope = {"type": "http", "method": method, "path": "/export"}
        asyncio.run(HeadAsGet(Streamed(chunks(), {}, "application/jsonl"))(scope, receive, send))
        return len(made), [message["body"] for message in sent if message["type"] == "http.response.body"]

    assert responses("HEAD") == (0, [b""])
    assert responses("GET") == (3, [b"chunk"] * 3 + [b""])
