"""Finding an image: in the store, among recently accepted images, or once the store has caught up."""

import asyncio
from dataclasses import dataclass

from darkroom_ingestion.catalog.served import ServedPipeline
from darkroom_ingestion.images.errors import ImageNotFound, StoreBehind
from darkroom_ingestion.images.recent import RecentImages
from darkroom_ingestion.images.topic_ends import TopicEnds
from darkroom_ingestion.records.answers import ReceivedImage
from darkroom_ingestion.store.database import Database
from darkroom_ingestion.store.queries import ImageRows, image_rows, read_positions, received_images
from darkroom_ingestion.times import now_ms

_PATIENCE_S = 3.0
_LOOK_AGAIN_S, _LOOK_AGAIN_AT_MOST_S = 0.02, 0.4
_SURELY_KEPT_MS = 60_000
"""An image that was accepted less than this ago is where it was accepted: the store need not be asked."""


@dataclass(frozen=True)
class ImageLookup:
    """Finds images of all pipelines."""

    database: Database
    recent: RecentImages
    ends: TopicEnds

    async def find(self, served: ServedPipeline, image_id: str) -> ImageRows:
        """Everything about an image.

        ImageNotFound is raised only once the store has read everything that was in the log at the time of the request,
        so an image that another replica has just accepted is found too.

        Raises:
            ImageNotFound: the image does not exist.
            StoreBehind: the store is still reading the log, and the image may exist.
            NotConnected: the pipeline's Kafka can't be used.
            StoreUnavailable: the store can't be read.
            KafkaUnreachable: no broker answered in time.
        """
        rows = await self._find(served, image_id)
        if rows.known:
            return rows
        topic = served.plan.images.name
        ends = await self.ends.of(served)
        look_again_s = _LOOK_AGAIN_S
        deadline = asyncio.get_running_loop().time() + _PATIENCE_S
        while True:
            read = await self.database.reading(lambda c: read_positions(c, topic))
            rows = await self._find(served, image_id)
            if rows.known:
                return rows
            if all(read.get(partition, 0) >= end for partition, end in ends.items()):
                raise ImageNotFound(
                    f"There is no image {image_id!r:.120} in {served.key}, or retention has removed it."
                )
            if asyncio.get_running_loop().time() > deadline:
                raise StoreBehind(
                    f"Image {image_id!r:.120} was not found, but part of the log is still to be read: try again."
                )
            await asyncio.sleep(look_again_s)
            look_again_s = min(2 * look_again_s, _LOOK_AGAIN_AT_MOST_S)

    def known(self, served: ServedPipeline, image_id: str) -> ReceivedImage | None:
        """Where an image is in the log; None if the store has to be asked."""
        recent = self.recent.get(served.key, image_id)
        return recent if recent is not None and now_ms() - recent.received_at_ms < _SURELY_KEPT_MS else None

    async def image(self, served: ServedPipeline, image_id: str) -> ReceivedImage | None:
        """Where an image is in the log; None if only its results are left. Raises the errors of `find`."""
        if (known := self.known(served, image_id)) is not None:
            return known
        stored = await self.database.reading(lambda c: received_images(c, served.key, [image_id]))
        return stored.get(image_id) or (await self.find(served, image_id)).image

    async def _find(self, served: ServedPipeline, image_id: str) -> ImageRows:
        rows = await self.database.reading(lambda c: image_rows(c, served.key, image_id))
        if rows.image is None and (recent := self.recent.get(served.key, image_id)):
            return ImageRows(recent, rows.results, rows.failures)
        return rows
