"""Finding an image: in the store, among those just accepted, or by waiting for the store to read what is new."""

import asyncio

from darkroom_ingestion.catalog.served import ServedPipeline
from darkroom_ingestion.http.problems import not_found, unavailable
from darkroom_ingestion.services import Services
from darkroom_ingestion.store.queries import ImageRows, image_rows, read_positions

_PATIENCE_S = 3.0
_LOOK_AGAIN_S = 0.05


async def find_image(services: Services, served: ServedPipeline, image_id: str) -> ImageRows:
    """Everything about an image.

    404 is only said when the store has read all that was in the log when it was asked: an image that another replica
    accepted a moment ago, or this one before a restart, is found too.

    Raises:
        HttpProblem: 404 if there is no such image, 503 if that can't be told yet.
        StoreUnavailable: the store can't be read.
        KafkaAway: no broker answered in time.
    """
    rows = await _find(services, served, image_id)
    if rows.known:
        return rows
    topic = served.plan.images.name
    ends = await services.link(served).admin.ends_of_topic(topic)
    deadline = asyncio.get_running_loop().time() + _PATIENCE_S
    while True:
        read = await services.database.reading(lambda c: read_positions(c, topic))
        rows = await _find(services, served, image_id)
        if rows.known:
            return rows
        if all(read.get(partition, 0) >= end for partition, end in ends.items()):
            raise not_found(f"There is no image {image_id!r:.120} in {served.key}, or retention has removed it.")
        if asyncio.get_running_loop().time() > deadline:
            raise unavailable(
                "store-behind",
                "The results store is behind",
                f"There is no image {image_id!r:.120} so far, but part of the log is yet to be read: try again.",
            )
        await asyncio.sleep(_LOOK_AGAIN_S)


async def _find(services: Services, served: ServedPipeline, image_id: str) -> ImageRows:
    rows = await services.database.reading(lambda c: image_rows(c, served.key, image_id))
    if rows.image is None and (recent := services.recent.get(served.key, image_id)):
        return ImageRows(recent, rows.results, rows.failures)
    return rows
