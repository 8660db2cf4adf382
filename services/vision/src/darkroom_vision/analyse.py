"""Analysis of one image: decode, pre-process, run the model, interpret its outputs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import perf_counter

from darkroom import events
from darkroom.api.pipeline import Stage
from darkroom.image_header import Format, NotAnImage
from darkroom_vision.failures import ImageError, InferenceError, Reason, TooLarge
from darkroom_vision.heads.base import Frame, Head, Result
from darkroom_vision.heads.choose import choose_head
from darkroom_vision.heads.record_size import fitted
from darkroom_vision.heads.trial import Trial
from darkroom_vision.imaging.decode import decode
from darkroom_vision.imaging.geometry import Size
from darkroom_vision.model.input import resolve_input
from darkroom_vision.model.session import ModelRunFailed, OnnxModel
from darkroom_vision.preprocess import ModelInput, Preprocessor

_TRIAL_SIZE = (640, 480)
"""(width, height) of the blank image of the trial run, if the input's size depends on the image."""


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds that each step took."""

    decode_s: float
    preprocess_s: float
    inference_s: float

    def in_event(self) -> events.Timings:
        """The timings as events have them, in milliseconds."""
        decode_ms, preprocess_ms, inference_ms = (
            round(seconds * 1000, 3) for seconds in (self.decode_s, self.preprocess_s, self.inference_s)
        )
        return events.Timings(decode_ms=decode_ms, preprocess_ms=preprocess_ms, inference_ms=inference_ms)


@dataclass(frozen=True, slots=True)
class Analysis:
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
    fitting = preprocessor.fit(_TRIAL_SIZE)
    blank = preprocessor.empty_input(fitting.target)
    blank.fill(0)
    feeds = preprocessor.feeds(blank, fitting)
    seen = Trial(
        uri=model.uri,
        outputs=model.outputs,
        values=model.run(feeds),
        inputs=[replace(port, shape=feeds[port.name].shape) if port.name in feeds else port for port in model.inputs],
        metadata=model.metadata,
        input_size=fitting.target,
        told=frozenset(port.name for port in preprocessor.settings.extra.facts),
    )
    head = choose_head(seen, stage.output, labels or stage.output.labels)
    return LoadedStage(model, preprocessor, head, max_result_bytes)


class Analyser:
    """Analyses images of one stage. Not thread-safe: it reuses the input array, so each thread needs its own.

    Images are not batched: on a CPU a batch saves a few microseconds per image (`benchmarks/batching.py`), and when the
    model fails on a batch, the image that caused it is unknown.
    """

    def __init__(self, stage: LoadedStage, *, max_bytes: int | None = None) -> None:
        """Allocate the input array.

        Args:
            stage: from `prepare`.
            max_bytes: files with more bytes fail with TooLarge.
        """
        self._stage = stage
        self._max_bytes = max_bytes
        self._size: Size | None = None
        self._input: ModelInput

    def analyse(self, image: bytes) -> Analysis | Failure:
        """The analysis of an image file, or why there is none."""
        try:
            return self._analyse(image)
        except (ImageError, NotAnImage) as error:
            return Failure(error.reason, str(error))
        except ModelRunFailed as error:
            return Failure(InferenceError.reason, str(error))

    def _analyse(self, image: bytes) -> Analysis:
        if self._max_bytes is not None and len(image) > self._max_bytes:
            raise TooLarge(f"the image has {len(image):,} bytes, the pipeline accepts at most {self._max_bytes:,}")
        model, preprocessor, head = self._stage.model, self._stage.preprocessor, self._stage.head
        started = perf_counter()
        decoded = decode(image, preprocessor.colors, preprocessor.decoder_shrink)
        decoded_at = perf_counter()
        fitting = preprocessor.fit((decoded.width, decoded.height))
        target = self._array(fitting.target)
        to_pixels = preprocessor.write(decoded.pixels, fitting, target)
        written_at = perf_counter()
        frame = Frame((decoded.width, decoded.height), decoded.to_image.after(to_pixels), fitting.target)
        (result,) = head.results(model.run(preprocessor.feeds(target, fitting)), [frame])
        result = fitted(result, self._stage.max_result_bytes)
        timings = Timings(decoded_at - started, written_at - decoded_at, perf_counter() - written_at)
        return Analysis(decoded.format, decoded.width, decoded.height, result, timings)

    def _array(self, size: Size) -> ModelInput:
        """An array for an input of this size. Reuses that of the previous image if the size is the same."""
        if size != self._size:
            self._size, self._input = size, self._stage.preprocessor.empty_input(size)
        return self._input
