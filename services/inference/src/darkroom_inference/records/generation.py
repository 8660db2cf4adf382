"""The generation (name of a replay) of results and dead letters."""

from darkroom.events import GENERATION_HEADER
from darkroom.stage_settings import StageSettings
from darkroom_inference.records.image import ImageRecord, RecordHeaders


def generation_of(record: ImageRecord, settings: StageSettings) -> str | None:
    """The generation of the running replay, else that in which the image failed before its redrive; else None."""
    return settings.replay.generation if settings.replay else record.generation


def generation_headers(generation: str | None) -> RecordHeaders:
    """The header for `generation`; none if it is None."""
    return [] if generation is None else [(GENERATION_HEADER, generation.encode())]
