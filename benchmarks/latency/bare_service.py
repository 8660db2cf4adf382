"""A bare ASGI application that publishes images, and sends the records of the results topic to clients of a live feed.

It adds the feed to `benchmarks.ingestion.bare`, and the image's id, which is the key of its record. It has no checks,
no positions to resume from, no metrics and no store.
"""

import asyncio
import contextlib
import os
import threading
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from benchmarks.ingestion.bare import Producing, respond
from darkroom.kafka.connection import KafkaConnection
from darkroom_ingestion.feed.tail import tail_settings

RESULTS = "RESULTS"
"""The environment variable with the results topic, which is read from its beginning."""

_BATCH = 500
_WAIT_S = 0.2


class Piping(Producing):
    """An upload with any POST, the results with any GET."""

    def __init__(self) -> None:
        super().__init__()
        self._feeds: list[asyncio.Queue[bytes]] = []
        threading.Thread(target=self._tail, args=(asyncio.get_running_loop(),), daemon=True).start()

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Handle one request."""
        if scope.get("method") == "GET":
            await self._feed(receive, send)
        else:
            key = await self.published(scope, receive)
            await respond(send, b'{"id":"%b"}' % key.hex().encode())

    async def _feed(self, receive: Any, send: Any) -> None:
        events: asyncio.Queue[bytes] = asyncio.Queue()
        self._feeds.append(events)
        await receive()  # the request
        left = asyncio.ensure_future(receive())
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        await send({"type": "http.response.body", "body": b": live\n\n", "more_body": True})
        while not left.done():
            more = asyncio.ensure_future(events.get())
            await asyncio.wait([left, more], return_when=asyncio.FIRST_COMPLETED)
            if more.done():
                await send({"type": "http.response.body", "body": more.result(), "more_body": True})
        self._feeds.remove(events)

    def _tail(self, loop: asyncio.AbstractEventLoop) -> None:
        consumer = Consumer(tail_settings(KafkaConnection(bootstrap_servers=os.environ["BOOTSTRAP_SERVERS"])))
        topic = os.environ[RESULTS]
        partitions = consumer.list_topics(topic).topics[topic].partitions
        consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in partitions])
        while True:
            first = consumer.poll(_WAIT_S)
            messages = [] if first is None else [first, *consumer.consume(_BATCH, 0)]
            events = b"".join(b"data: %b\n\n" % (m.value() or b"") for m in messages if m.error() is None)
            if events:
                with contextlib.suppress(RuntimeError):  # the loop is closed
                    loop.call_soon_threadsafe(self._tell, events)

    def _tell(self, events: bytes) -> None:
        for feed in self._feeds:
            feed.put_nowait(events)
