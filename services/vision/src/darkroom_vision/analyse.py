"""Analysis of one image: decode, pre-process, run the model, interpret its outputs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import NamedTuple

from darkroom import events
from darkroom.api.pipeline import Stage
from darkroom.image_header import Format, NotAnImage
from darkroom_vision.batching import check_batching, stacked
from darkroom_vision.failures import ImageError, InferenceError, Reason, TooLarge
from darkroom_vision.heads.base import Frame, Head, Result
from darkroom_vision.heads.choose import choose_head
from darkroom_vision.heads.record_size import fitted
from darkroom_vision.heads.trial import Trial
from darkroom_vision.imaging.decode import decode
from darkroom_vision.imaging.geometry import Size
from darkroom_vision.model.input import resolve_input
from darkroom_vision.model.provider_trial import Feeds
from darkroom_vision.model.session import ModelRunFailed, OnnxModel
from darkroom_vision.preprocess import ModelInput, Preprocessor
from darkroom_vision.trial_feeds import TRIAL_SIZE, blank_feeds


class Timings(NamedTuple):
    """Seconds that each step took. `inference_s` is the image's share of a run with several images."""

    decode_s: float
    preprocess_s: float
    inference_s: float

    def in_event(self) -> events.Timings:
        """The timings as events have them, in milliseconds."""
        decode_ms, preprocess_ms, inference_ms = (
            round(seconds * 1000, 3) for seconds in (self.decode_s, self.preprocess_s, self.inference_s)
        )
        return events.Timings(decode_ms=decode_ms, preprocess_ms=preprocess_ms, inference_ms=inference_ms)


class Analysis(NamedTuple):
    """The result for one image. `width` and `height` are those of the upright image, in pixels."""

    format: Format
    width: int
    height: int
    result: Result
    timings: Timings

    @property
    def image(self) -> events.ImageSeen:
        """The image as events describe it."""
        return events.ImageSeen(width=self.width, height=self.height, format=self.format)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no analysis: `reason` for machines, `message` for people."""

    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class LoadedStage:
    """A stage whose model is loaded and matches its settings. Immutable, so that all loops of a process share it.

    Attributes:
        self_test_seconds: for each self-test that it passed, the seconds that it took.
    """

    model: OnnxModel
    preprocessor: Preprocessor
    head: Head
    max_result_bytes: int | None = None
    self_test_seconds: tuple[float, ...] = ()


def prepare(
    model: OnnxModel, stage: Stage, labels: Sequence[str] | None = None, *, max_result_bytes: int | None = None
) -> LoadedStage:
    """Check that model and stage fit, and run the model once on a blank image, which also warms it up.

    Args:
        model: the loaded model.
        stage: the stage's settings.
        labels: class names read from `output.labelsUri`; None if the stage does not set it.
        max_result_bytes: size limit of an event; predictions and masks beyond it are left out.

    Raises:
        ModelMismatch: model and stage contradict each other.
        ModelRunFailed: the model fails on a blank image.
    """
    preprocessor = Preprocessor.of(resolve_input(model.uri, stage.input, model.inputs))
    feeds = blank_feeds(preprocessor)
    seen = Trial(
        uri=model.uri,
        outputs=model.outputs,
        values=model.run(feeds),
        inputs=[replace(port, shape=feeds[port.name].shape) if port.name in feeds else port for port in model.inputs],
        metadata=model.metadata,
        input_size=preprocessor.fit(TRIAL_SIZE).target,
        told=frozenset(port.name for port in preprocessor.settings.extra.facts),
    )
    head = choose_head(seen, stage.output, labels or stage.output.labels)
    check_batching(model, preprocessor, head, stage.execution.batch.max)
    return LoadedStage(model, preprocessor, head, max_result_bytes)


class ReadImage(NamedTuple):
    """A decoded and pre-processed image: the model's feeds, and what is known about the image."""

    format: Format
    frame: Frame
    feeds: Feeds
    decode_s: float
    preprocess_s: float

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """The shapes of the feeds. Images with the same shapes may share a run of the model."""
        return tuple(feed.shape for feed in self.feeds.values())


def _analysis(image: ReadImage, result: Result, inference_s: float) -> Analysis:
    width, height = image.frame.size
    timings = Timings(image.decode_s, image.preprocess_s, inference_s)
    return Analysis(image.format, width, height, result, timings)


class Analyser:
    """Analyses images of one stage. Not thread-safe: it reuses its input arrays, so each thread needs its own."""

    def __init__(self, stage: LoadedStage, *, max_bytes: int | None = None) -> None:
        """Analyse with `stage`, from `prepare`. Files of more than `max_bytes` fail with TooLarge."""
        self._stage = stage
        self._max_bytes = max_bytes
        self._inputs: dict[int, tuple[Size, ModelInput]] = {}

    def analyse(self, image: bytes) -> Analysis | Failure:
        """The analysis of an image file, or why there is none."""
        read = self.read(image)
        if isinstance(read, Failure):
            return read
        try:
            return self.run([read])[0]
        except (InferenceError, ModelRunFailed) as error:
            return Failure(InferenceError.reason, str(error))

    def read(self, image: bytes, slot: int = 0) -> ReadImage | Failure:
        """Decode an image file and pre-process it, or say why that is not possible.

        Args:
            image: the file.
            slot: the number of the image in its run of the model. The next image with this number overwrites it.
        """
        try:
            return self._read(image, slot)
        except (ImageError, NotAnImage) as error:
            return Failure(error.reason, str(error))

    def run(self, images: Sequence[ReadImage]) -> list[Analysis]:
        """Run the model once, on images with the same `shapes`. Returns their analyses, in order.

        Raises:
            ModelRunFailed: the run failed.
            InferenceError: the outputs for one of the images are not valid.
        """
        began = perf_counter()
        stage = self._stage
        if len(images) == 1:  # without the lists for several, which take as long as a tiny model
            (image,) = images
            (result,) = stage.head.results(stage.model.run(image.feeds), (image.frame,))
            result = fitted(result, stage.max_result_bytes)
            return [_analysis(image, result, perf_counter() - began)]
        feeds = stacked([image.feeds for image in images], stage.preprocessor.settings.extra.constants)
        results = stage.head.results(stage.model.run(feeds), [image.frame for image in images])
        results = [fitted(result, stage.max_result_bytes) for result in results]
        share_s = (perf_counter() - began) / len(images)
        return [_analysis(image, result, share_s) for image, result in zip(images, results, strict=True)]

    def has_lost_its_gpu(self) -> bool:
        """Whether the model no longer runs at all: after some CUDA errors, every further call in the process fails."""
        if self._stage.model.execution.provider != "Cuda":
            return False
        try:
            self._stage.model.run(blank_feeds(self._stage.preprocessor))
        except ModelRunFailed:
            return True
        return False

    def _read(self, image: bytes, slot: int) -> ReadImage:
        if self._max_bytes is not None and len(image) > self._max_bytes:
            raise TooLarge(f"the image has {len(image):,} bytes, the pipeline accepts at most {self._max_bytes:,}")
        preprocessor = self._stage.preprocessor
        started = perf_counter()
        decoded = decode(image, preprocessor.colors, preprocessor.decoder_shrink)
        decoded_at = perf_counter()
        fitting = preprocessor.fit((decoded.width, decoded.height))
        target = self._input(fitting.target, slot)
        to_pixels = preprocessor.write(decoded.pixels, fitting, target)
        feeds = preprocessor.feeds(target, fitting)
        frame = Frame((decoded.width, decoded.height), decoded.to_image.after(to_pixels), fitting.target)
        return ReadImage(decoded.format, frame, feeds, decoded_at - started, perf_counter() - decoded_at)

    def _input(self, size: Size, slot: int) -> ModelInput:
        """An array for an input of this size. Reuses that of the slot's previous image if the size is the same."""
        known = self._inputs.get(slot)
        if known is None or known[0] != size:
            known = self._inputs[slot] = size, self._stage.preprocessor.empty_input(size)
        return known[1]
