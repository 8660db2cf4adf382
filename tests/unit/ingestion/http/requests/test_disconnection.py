"""Work for a client that may disconnect."""

import asyncio

from starlette.types import Message

from darkroom_ingestion.http.requests.disconnection import until_disconnected


def test_work_ends_with_its_result_or_with_the_connection() -> None:
    async def run() -> None:
        left, ended = asyncio.Event(), asyncio.Event()
        messages: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]

        async def receive() -> Message:
            if messages:
                return messages.pop()
            await left.wait()
            return {"type": "http.disconnect"}

        async def work(seconds: float) -> int:
            try:
                await asyncio.sleep(seconds)
            finally:
                ended.set()
            return 3

        assert await until_disconnected(receive, work(0)) == 3
        ended.clear()
        waiting = asyncio.create_task(until_disconnected(receive, work(3600)))
        await asyncio.sleep(0)
        left.set()
        assert await waiting is None
        assert ended.is_set()

    asyncio.run(run())
