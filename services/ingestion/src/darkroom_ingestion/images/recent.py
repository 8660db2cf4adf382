"""The most recently accepted images, which the store may not have read yet."""

from collections import OrderedDict

from darkroom_ingestion.records.answers import ReceivedImage

_KEPT = 20_000


class RecentImages:
    """A bounded cache. When an image is evicted, the store has read it or reports that it is behind."""

    def __init__(self, kept: int = _KEPT) -> None:
        self._kept = kept
        self._images: OrderedDict[tuple[str, str], ReceivedImage] = OrderedDict()

    def add(self, image: ReceivedImage) -> None:
        """Add an image."""
        # If an id is published twice, by a resumed idempotency key, its first position is kept.
        self._images.setdefault((image.pipeline, image.id), image)
        if len(self._images) > self._kept:
            self._images.popitem(last=False)

    def get(self, pipeline: str, image_id: str) -> ReceivedImage | None:
        """The image; None if it is not in the cache."""
        return self._images.get((pipeline, image_id))
