"""What to publish for an image: a result, a dead letter, or nothing if the image is for another stage."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Final

import structlog

from darkroom.cloudevents import timestamp
from darkroom.errors import DarkroomError
from darkroom.events import ModelUsed, WorkerProcess
from darkroom.logs import log_fields
from darkroom.stage_settings import StageSettings
from darkroom.tracing.spans import Tracing
from darkroom_inference.lifecycle.metrics import Metrics
from darkroom_inference.lifecycle.watchdog import Watchdog
from darkroom_inference.records.dead_letter import dead_letter
from darkroom_inference.records.image import ImageRecord
from darkroom_inference.records.image_spans import ImageSpans
from darkroom_inference.records.outgoing import Outgoing
from darkroom_inference.records.result import Results
from darkroom_vision.analyse import Analyser, Analysis, Failure, LoadedStage, ReadImage, Timings

log = structlog.get_logger(__name__)

_RAISE_THE_LIMIT: Final = "raise max.message.bytes in the stage's results.config"


class ModelFailed(Exception):
    """The model raised an exception. Another attempt may succeed."""


Answer = Outgoing | ModelFailed | None
"""A result or dead letter, the model's failure, or None if the image is for another stage."""

Analysed = Analysis | Failure | ModelFailed


class Answers:
    """Analyses images, one or several in a run of the model."""

    def __init__(
        self,
        loop: int,
        settings: StageSettings,
        stage: LoadedStage,
        watchdog: Watchdog,
        metrics: Metrics,
        tracing: Tracing | None = None,
        worker: WorkerProcess | None = None,
    ) -> None:
        self._loop = loop
        self._settings = settings
        model = ModelUsed(
            name=stage.model.name, sha256=stage.model.sha256, external_data=dict(stage.model.external_data) or None
        )
        self._results = Results(settings, model, worker)
        self._loaded = stage.model
        self._analyser = Analyser(stage, max_bytes=settings.max_image_bytes)
        self._watchdog = watchdog
        self._metrics = metrics
        self._limit_bytes = settings.max_result_bytes
        self._timings: list[Timings] = []
        self._runs: list[int] = []
        self._spans = None if tracing is None else ImageSpans(tracing, settings)
        self._sampled: set[int] = set()
        """The `id()` of each record at work that is sampled. Few are."""

    @property
    def model_is_busy(self) -> bool:
        """Whether a loop of this process runs the model now."""
        return self._loaded.is_busy

    def report(self) -> None:
        """Add what was measured since the last call to the metrics, and record spans. Kafka has all answers since."""
        timings, self._timings = self._timings, []
        runs, self._runs = self._runs, []
        if timings:
            decode_s, preprocess_s, inference_s = zip(*timings, strict=True)
            self._metrics.step("decode", decode_s)
            self._metrics.step("preprocess", preprocess_s)
            self._metrics.step("inference", inference_s)
        self._metrics.runs(runs)
        if self._spans is not None:
            self._spans.settle()

    def forget(self) -> None:
        """Drop the spans of images whose answers were not published. They are analysed again."""
        if self._spans is not None:
            self._spans.forget()

    def answer(self, record: ImageRecord) -> Outgoing | None:
        """What to publish for `record`; None if it is not for this stage.

        Raises:
            ModelFailed: the model raised an exception.
        """
        (answer,) = self.answer_together([record])
        if isinstance(answer, ModelFailed):
            raise answer
        return answer

    def answer_together(
        self,
        records: Sequence[ImageRecord],
        at_once: int | None = None,
        turn: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> list[Answer]:
        """What to publish for each of `records`, in order, up to the first that the model fails on.

        With `execution.batch`, images of a group with inputs of the same shape share a run of the model. If that fails,
        they are analysed one at a time.

        Each step is done for all images of a group before the next: all are read, then analysed. When all groups are
        analysed, their results are made. Step by step for each image takes twice the CPU time with a small model,
        because steps displace each other's code from the caches; a larger model displaces all of it in each run.

        Args:
            records: the images.
            at_once: the most images of a group; None: all are one.
            turn: the context in which a group is analysed.
        """
        own = [(i, record) for i, record in enumerate(records) if self._is_for_this_stage(record)]
        if self._spans is not None:
            self._sampled = self._spans.take(record for _, record in own)
        found: dict[int, Analysed] = {}
        size = at_once or len(records)
        for start in range(0, len(own), size):
            with turn():
                analysed = self._analyse(dict(own[start : start + size]))
            found |= analysed
            if any(isinstance(one, ModelFailed) for one in analysed.values()):
                break
        answers: list[Answer] = []
        made_at = timestamp()
        for i, record in enumerate(records):
            one = found.get(i)
            if isinstance(one, ModelFailed):
                return [*answers, one]
            answers.append(None if one is None else self._outgoing(record, one, made_at))
        return answers

    def _is_for_this_stage(self, record: ImageRecord) -> bool:
        return record.target_stage in {None, self._settings.stage.name}

    def _outgoing(self, record: ImageRecord, answer: Analysis | Failure, made_at: str) -> Outgoing:
        settings = self._settings
        if isinstance(answer, Failure):
            return self.failed(record, answer.reason, answer.message)

        size = 0

        def too_large() -> Outgoing:
            message = f"the result has {size} bytes, more than {settings.results_topic} accepts: {_RAISE_THE_LIMIT}"
            return self.failed(record, "ResultTooLarge", message)

        outgoing = self._results.record(record, answer, too_large, at=made_at)
        if self._spans is not None and id(record) in self._sampled:
            outgoing = self._spans.publishing(record, outgoing)
        size = len(outgoing.value or b"")
        return too_large() if size > self._limit_bytes else outgoing

    def failed(self, record: ImageRecord, reason: str, message: str, *, attempts: int = 1) -> Outgoing:
        """The dead letter of `record`. The failure is logged."""
        with log_fields(dict):  # the context is perhaps that of another image of the batch
            log.warning("image failed", reason=reason, message=message, attempts=attempts, **record.log_fields())
        letter = dead_letter(record, self._settings, reason, message, attempts=attempts)
        return letter if self._spans is None else self._spans.failing(record, letter)

    def _analyse(self, group: Mapping[int, ImageRecord]) -> dict[int, Analysed]:
        """Analyse a group. If the model fails on an image, those after it may be missing."""
        alone = len(group) == 1 or self._settings.stage.execution.batch.max == 1
        return self._analyse_in_turn(group) if alone else self._analyse_together(group)

    def _analyse_in_turn(self, records: Mapping[int, ImageRecord]) -> dict[int, Analysed]:
        """Read all images, then run the model on one after the other, up to the first that it fails on."""
        found, images = self._read_all(records)
        failed: ModelFailed | None = None
        with log_fields(lambda: records[i].log_fields()):  # noqa: PLW0108 - reads `i` when it is called
            for i, image in images.items():
                try:
                    found[i] = self._run([image], [records[i]])[0]
                except ModelFailed as error:
                    found[i] = failed = error
                    break
        if failed is not None:
            self._check_gpu(str(failed))
        return found

    def _analyse_together(self, records: Mapping[int, ImageRecord]) -> dict[int, Analysed]:
        found, read = self._read_all(records)
        runs: dict[object, dict[int, ReadImage]] = defaultdict(dict)
        for i, image in read.items():
            runs[image.shapes][i] = image
        for images in runs.values():
            try:
                analyses = self._run(list(images.values()), [records[i] for i in images])
                found |= zip(images, analyses, strict=True)
            except ModelFailed as failed:
                found |= self._run_one_at_a_time(images, records, failed)
        return found

    def _read_all(self, records: Mapping[int, ImageRecord]) -> tuple[dict[int, Analysed], dict[int, ReadImage]]:
        """Read all images, up to the first that needs another attempt. Returns the failures and the images."""
        failures: dict[int, Analysed] = {}
        images: dict[int, ReadImage] = {}
        with log_fields(lambda: record.log_fields()):  # noqa: PLW0108 - reads `record` when it is called
            for slot, (i, record) in enumerate(records.items()):
                try:
                    read = self._read(record, slot)
                except ModelFailed as failed:
                    failures[i] = failed
                    break
                if isinstance(read, Failure):
                    failures[i] = read
                else:
                    images[i] = read
        return failures, images

    def _read(self, record: ImageRecord, slot: int) -> ReadImage | Failure:
        with self._watchdog.over(self._loop, [record]):
            try:
                read = self._analyser.read(record.value or b"", slot)
            except Exception as error:  # any exception of a model leads to another attempt
                raise _model_failed(error) from error
        if self._spans is not None and id(record) in self._sampled:
            self._spans.read(record, read)
        return read

    def _run(self, images: Sequence[ReadImage], records: Sequence[ImageRecord]) -> list[Analysis]:
        """Run the model once on `images`, those of `records`."""
        with self._watchdog.over(self._loop, records):
            try:
                found = self._analyser.run(images)
            except Exception as error:  # as in _read
                raise _model_failed(error) from error
        self._runs.append(len(images))
        self._timings += [analysis.timings for analysis in found]
        if self._spans is not None and not self._sampled.isdisjoint(map(id, records)):
            self._spans.ran(records, len(images), found[0].timings.inference_s * len(images))
        return found

    def _run_one_at_a_time(
        self, images: Mapping[int, ReadImage], records: Mapping[int, ImageRecord], failed: ModelFailed
    ) -> dict[int, Analysed]:
        """Find the images on which the model fails, after it has failed on all of them together."""
        self._check_gpu(str(failed))
        if len(images) == 1:
            return dict.fromkeys(images, failed)
        with log_fields(dict):  # the line is not about one image
            log.warning("model failed on several images, trying them alone", images=len(images), error=str(failed))
        self._metrics.retry("inference")
        found: dict[int, Analysed] = {}
        for i, image in images.items():
            try:
                found[i] = self._run([image], [records[i]])[0]
            except ModelFailed as alone:
                found[i] = alone
        return found

    def _check_gpu(self, error: str) -> None:
        if self._analyser.has_lost_its_gpu():
            self._watchdog.gpu_lost(error)


def _model_failed(error: Exception) -> ModelFailed:
    return ModelFailed(str(error) if isinstance(error, DarkroomError) else f"{type(error).__name__}: {error}")
