"""The record that a loop publishes for an image: a result, or a dead letter with the image."""

from collections.abc import Callable
from dataclasses import dataclass, field

from darkroom_inference.records.image import RecordHeaders


@dataclass(frozen=True)
class Outgoing:
    """A record to be published.

    Attributes:
        reason: why the image failed; empty for a result.
        fallback: creates the dead letter to publish if the topic refuses the result as too large.
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
