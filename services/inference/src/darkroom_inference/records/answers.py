"""What to publish for an image: a result, a dead letter, or nothing if the image is for another stage."""

from dataclasses import replace
from typing import Final

import structlog

from darkroom.events import ModelUsed
from darkroom.stage_settings import StageSettings
from darkroom_inference.lifecycle.metrics import Metrics
from darkroom_inference.lifecycle.watchdog import Watchdog
from darkroom_inference.records.dead_letter import dead_letter
from darkroom_inference.records.image import ImageRecord
from darkroom_inference.records.outgoing import Outgoing
from darkroom_inference.records.result import result
from darkroom_vision.analyse import Analyser, Analysis, Failure, LoadedStage

log = structlog.get_logger(__name__)

_MODEL_FAILED: Final = "InferenceError"
_RAISE_THE_LIMIT: Final = "raise max.message.bytes in the stage's results.config"


class ModelFailed(Exception):
    """The model raised an exception. Another attempt may succeed."""


class Answers:
    """Analyses one image at a time."""

    def __init__(
        self, loop: int, settings: StageSettings, stage: LoadedStage, watchdog: Watchdog, metrics: Metrics
    ) -> None:
        self._loop = loop
        self._settings = settings
        self._model = ModelUsed(name=stage.model.name, sha256=stage.model.sha256)
        self._analyser = Analyser(stage, max_bytes=settings.max_image_bytes)
        self._watchdog = watchdog
        self._metrics = metrics
        self._limit_bytes = settings.max_result_bytes

    def answer(self, record: ImageRecord) -> Outgoing | None:
        """What to publish for `record`; None if it is not for this stage.

        Raises:
            ModelFailed: the model raised an exception.
        """
        settings = self._settings
        if record.target_stage not in {None, settings.stage.name}:
            return None
        answer = self._analyse(record)
        if isinstance(answer, Failure):
            return self.failed(record, answer.reason, answer.message)

        outgoing = result(record, answer, settings, self._model)
        size = len(outgoing.value or b"")

        def too_large() -> Outgoing:
            message = f"the result has {size} bytes, more than {settings.results_topic} accepts: {_RAISE_THE_LIMIT}"
            return self.failed(record, "ResultTooLarge", message)

        return too_large() if size > self._limit_bytes else replace(outgoing, fallback=too_large)

    def failed(self, record: ImageRecord, reason: str, message: str, *, attempts: int = 1) -> Outgoing:
        """The dead letter of `record`. The failure is logged."""
        log.warning("image failed", reason=reason, message=message, attempts=attempts, **record.log_fields())
        return dead_letter(record, self._settings, reason, message, attempts=attempts)

    def _analyse(self, record: ImageRecord) -> Analysis | Failure:
        with self._watchdog.over(self._loop, record.log_fields):
            try:
                answer = self._analyser.analyse(record.value or b"")
            except Exception as error:  # any exception of a model leads to another attempt
                raise ModelFailed(f"{type(error).__name__}: {error}") from error
        if isinstance(answer, Failure):
            if answer.reason == _MODEL_FAILED:
                raise ModelFailed(answer.message)
            return answer
        self._metrics.step("decode", answer.timings.decode_s)
        self._metrics.step("preprocess", answer.timings.preprocess_s)
        self._metrics.step("inference", answer.timings.inference_s)
        return answer
