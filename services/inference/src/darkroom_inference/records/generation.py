"""The replay that an answer belongs to."""

from darkroom.events import GENERATION_HEADER
from darkroom.stage_settings import StageSettings
from darkroom_inference.records.image import ImageRecord, RecordHeaders


def generation_of(record: ImageRecord, settings: StageSettings) -> str | None:
    """The replay that is under way, else the one that the image was redriven for; None in live work."""
    return settings.replay.generation if settings.replay else record.generation


def generation_headers(generation: str | None) -> RecordHeaders:
    """The header that says so, if there is anything to say."""
    return [] if generation is None else [(GENERATION_HEADER, generation.encode())]
