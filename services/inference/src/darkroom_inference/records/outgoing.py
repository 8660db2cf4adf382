"""What a loop publishes for an image: its result, or the image itself as a dead letter."""

from collections.abc import Callable
from dataclasses import dataclass, field

from darkroom_inference.records.image import RecordHeaders


@dataclass(frozen=True)
class Outgoing:
    """A record to be published.

    Attributes:
        reason: why the image failed; empty for a result.
        fallback: makes the dead letter to publish if the topic refuses the result as too large.
        image_timestamp_ms: when the image was published.
    """

    topic: str
    key: bytes | None
    value: bytes | None
    headers: RecordHeaders
    reason: str = ""
    timestamp_ms: int | None = None
    image_timestamp_ms: int | None = None
    fallback: Callable[[], "Outgoing"] | None = field(default=None, compare=False)
