"""The batch size of a loop, and which records go into a batch."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from darkroom_inference.records.image import ImageRecord

MAX_BATCH: Final = 128
"""With more images, acknowledgements take less of the time of a small model, but the results of a batch no longer fit
into the processor's caches."""

MAX_PROMISED: Final = 256
"""Images that the marks of a commit cover at most: with more, a small model needs fewer commits. But after a crash, as
many images of each partition are analysed alone, each between two commits."""

MAX_BATCH_BYTES: Final = 32 * 1_048_576

TARGET_S: Final = 0.25
"""The intended duration of a batch. A partition can be revoked only between two batches."""

_KNOWN_IMAGES: Final = 4
"""The estimate counts as much as so many images. With one, a single image that took long, because other programs had
the cores, would shrink the next batches, whose images take long again; images would wait while the machine is busy."""


@dataclass
class BatchSize:
    """The number of images to take at once, so that a batch takes about `TARGET_S`.

    Starts with one image. The estimate of the time per image does not include settlement, which takes as long for one
    image as for many: after a slow one, batches would be small exactly when images wait.

    Attributes:
        least: images that the model analyses in one run: a smaller batch would waste part of it.
    """

    least: int = 1
    seconds_per_image: float = TARGET_S

    def learn(self, images: int, seconds: float) -> None:
        """Take into account that `images` took `seconds` until their results were ready."""
        known_s = _KNOWN_IMAGES * self.seconds_per_image
        self.seconds_per_image = (known_s + seconds) / (_KNOWN_IMAGES + images)

    @property
    def images(self) -> int:
        """The batch size, between `least` and MAX_BATCH."""
        return max(self.least, min(MAX_BATCH, self.images_in(TARGET_S)))

    @property
    def promised(self) -> int:
        """How many images a mark covers at most: those of one batch or two."""
        return max(self.images, min(MAX_PROMISED, self.images_in(TARGET_S)))

    def images_in(self, seconds: float) -> int:
        """How many images take about `seconds`, at least one."""
        return max(1, int(seconds / max(self.seconds_per_image, 1e-9)))


def next_group(
    records: Sequence[ImageRecord], limits: Mapping[int, int]
) -> tuple[list[ImageRecord], list[ImageRecord], bool]:
    """Split off the records to process next: those that may go into a batch, else one suspect alone.

    The order within each partition is kept.

    Args:
        records: in the order of their partitions' offsets.
        limits: by partition, how many of its next records may go into a batch; 0 if the next one is a suspect.

    Returns:
        The group, the rest, and whether the group is a suspect.
    """
    group: list[ImageRecord] = []
    rest: list[ImageRecord] = []
    taken = Counter[int]()
    for record in records:
        partition = record.partition
        if taken[partition] < limits[partition]:
            taken[partition] += 1
            group.append(record)
        else:
            rest.append(record)
    if group:
        return group, rest, False
    return list(records[:1]), list(records[1:]), True
