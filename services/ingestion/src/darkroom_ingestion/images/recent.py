"""The images accepted last, so that a request right after the 202 finds one that the store has yet to read."""

from collections import OrderedDict

from darkroom_ingestion.records.answers import ReceivedImage

_KEPT = 20_000


class RecentImages:
    """A bounded memory. By the time an image drops out of it, the store has it or reports that it is behind."""

    def __init__(self, kept: int = _KEPT) -> None:
        self._kept = kept
        self._images: OrderedDict[tuple[str, str], ReceivedImage] = OrderedDict()

    def add(self, image: ReceivedImage) -> None:
        """Remember an image."""
        # An id that is published twice, by a resumed idempotency key, counts at its first position.
        self._images.setdefault((image.pipeline, image.id), image)
        if len(self._images) > self._kept:
            self._images.popitem(last=False)

    def get(self, pipeline: str, image_id: str) -> ReceivedImage | None:
        """The image, if it is remembered."""
        return self._images.get((pipeline, image_id))
