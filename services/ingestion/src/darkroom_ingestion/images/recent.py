"""The images that were accepted last, so that asking for one right after its 202 finds it before the store does."""

from collections import OrderedDict

from darkroom_ingestion.images.state import ReceivedImage

_KEPT = 20_000


class RecentImages:
    """A bounded memory; what drops out of it has long been in the store, or the store says that it is behind."""

    def __init__(self, kept: int = _KEPT) -> None:
        self._kept = kept
        self._images: OrderedDict[tuple[str, str], ReceivedImage] = OrderedDict()

    def add(self, image: ReceivedImage) -> None:
        """Remember an image."""
        # An id that is published twice, by an idempotency key taken up again, is where it was first.
        self._images.setdefault((image.pipeline, image.id), image)
        if len(self._images) > self._kept:
            self._images.popitem(last=False)

    def get(self, pipeline: str, image_id: str) -> ReceivedImage | None:
        """The image, if it is remembered."""
        return self._images.get((pipeline, image_id))
