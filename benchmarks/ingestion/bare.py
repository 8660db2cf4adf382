"""Two bare ASGI applications: one drops the body of a request, one publishes it and waits for Kafka.

`Producing` has the settings of the service's producer, and the topic and addresses from the environment.
"""

import asyncio
import contextlib
import os
import threading
from typing import Any

from confluent_kafka import KafkaException, Producer

from darkroom.kafka.connection import KafkaConnection, producer_settings

_LARGEST_BATCH_BYTES = 1_000_000


async def drop(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Read the body and respond with 202: the least that an ASGI application does."""
    more = scope["type"] == "http"
    while more:
        more = (await receive()).get("more_body", False)
    await respond(send)


class Producing:
    """An ASGI application that publishes each body and responds when Kafka has acknowledged it."""

    def __init__(self) -> None:
        connection = KafkaConnection(bootstrap_servers=os.environ["BOOTSTRAP_SERVERS"])
        settings = producer_settings(connection, "bare", max_message_bytes=1_000_000_000, linger_ms=2.0)
        # Kafka limits whole batches by the topic's max.message.bytes, as the service takes into account too.
        batch_bytes = min(int(os.environ["MAX_MESSAGE_BYTES"]), _LARGEST_BATCH_BYTES)
        self._producer = Producer(settings | {"batch.size": batch_bytes})
        self._topic = os.environ["TOPIC"]
        threading.Thread(target=self._poll, daemon=True).start()

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Handle one request."""
        await self.published(scope, receive)
        await respond(send)

    async def published(self, scope: dict[str, Any], receive: Any) -> bytes:
        """Publish the body of a request and wait for the acknowledgement. Returns the record's key."""
        chunks, more = [], scope["type"] == "http"
        while more:
            message = await receive()
            chunks.append(message.get("body", b""))
            more = message.get("more_body", False)
        loop = asyncio.get_running_loop()
        acknowledged: asyncio.Future[None] = loop.create_future()

        def delivered(error: Any, _message: Any) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(_settle, acknowledged, error)

        key = os.urandom(16)
        self._producer.produce(self._topic, b"".join(chunks), key, on_delivery=delivered)
        await acknowledged
        return key

    def _poll(self) -> None:
        while True:
            self._producer.poll(0.2)


def _settle(acknowledged: "asyncio.Future[None]", error: Any) -> None:
    if acknowledged.done():  # the client has closed the connection
        return
    if error is None:
        acknowledged.set_result(None)
    else:
        acknowledged.set_exception(KafkaException(error))


async def respond(send: Any, body: bytes = b"{}") -> None:
    """Send a response with `body`."""
    await send({"type": "http.response.start", "status": 202, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})
