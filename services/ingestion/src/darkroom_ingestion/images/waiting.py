"""Waiting for the results of images, for `Prefer: wait`."""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from darkroom_ingestion.catalog.served import ServedPipeline
from darkroom_ingestion.feed.hub import Hub
from darkroom_ingestion.images.document import image_document
from darkroom_ingestion.records.answers import ReceivedImage, has_answered
from darkroom_ingestion.store.database import Database, StoreUnavailable
from darkroom_ingestion.store.queries import ImageRows, image_rows

if TYPE_CHECKING:
    from darkroom_ingestion.feed.hub import Waiter

_FIRST_ASK_STORE_S = 0.25
_ASK_STORE_S = 2.0


class Waiting:
    """Waits for the results of some images, registered before the images are published.

    Args:
        stack: unregisters the images when it closes.
    """

    def __init__(
        self, hub: Hub, database: Database, stopping: asyncio.Event, served: ServedPipeline, stack: ExitStack
    ) -> None:
        self._hub, self._database, self._stopping, self._served, self._stack = hub, database, stopping, served, stack
        self._waiters: dict[str, Waiter] = {}

    def expect(self, image_ids: Sequence[str]) -> None:
        """Collect the results of these images from now on."""
        for image_id in image_ids:
            if image_id not in self._waiters:
                waiter = self._stack.enter_context(self._hub.waiter(image_id, self._served.stages))
                self._waiters[image_id] = waiter

    async def documents(self, images: Sequence[ReceivedImage], timeout_s: float) -> list[dict[str, Any]] | None:
        """The documents once all stages have a result or a failure for all images; None after the timeout or a stop."""
        stopping = asyncio.ensure_future(self._stopping.wait())
        done = asyncio.ensure_future(asyncio.gather(*(self._document(image) for image in images)))
        try:
            await asyncio.wait([done, stopping], timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
            return list(done.result()) if done.done() else None
        finally:
            stopping.cancel()
            done.cancel()
            await asyncio.gather(done, stopping, return_exceptions=True)

    async def _document(self, image: ReceivedImage) -> dict[str, Any]:
        waiter = self._waiters[image.id]
        ask_after_s = _FIRST_ASK_STORE_S
        while not waiter.done.is_set():
            try:
                async with asyncio.timeout(ask_after_s):
                    await waiter.done.wait()
            except TimeoutError:
                # The store has what the live feed missed: earlier results, and those during an outage.
                rows = await self._stored(image)
                if rows is not None and has_answered(rows.results, rows.failures, self._served.stages):
                    return image_document(image.id, image, rows.results, rows.failures, self._served.stages)
                ask_after_s = _ASK_STORE_S
        return image_document(image.id, image, waiter.results, waiter.failures, self._served.stages)

    async def _stored(self, image: ReceivedImage) -> ImageRows | None:
        try:
            return await self._database.reading(lambda c: image_rows(c, image.pipeline, image.id))
        except StoreUnavailable:
            return None
