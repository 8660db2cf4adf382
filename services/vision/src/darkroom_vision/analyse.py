"""Images in, analyses out: decode, pre-process, infer. No Kafka here, and nothing waits."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

from darkroom.api.pipeline import Stage
from darkroom.image_header import Format, NotAnImage
from darkroom_vision.failures import ImageError, InferenceError, Reason, TooLarge
from darkroom_vision.heads.choose import ResolvedOutput, Result, resolve_output
from darkroom_vision.imaging.decode import Decoded, decode
from darkroom_vision.model.input import resolve_input
from darkroom_vision.model.session import ModelRunFailed, OnnxModel
from darkroom_vision.preprocess import Preprocessor


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds that one image took; inference is its share of the batch."""

    decode_s: float
    preprocess_s: float
    inference_s: float


@dataclass(frozen=True, slots=True)
class Analysis:
    """What the model saw. `width` and `height` are the whole, upright image's."""

    format: Format
    width: int
    height: int
    result: Result
    timings: Timings


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no analysis: `reason` for machines, `message` for people."""

    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class LoadedStage:
    """A stage whose model is loaded and fits its settings. Immutable: all loops of a process share one."""

    model: OnnxModel
    preprocessor: Preprocessor
    output: ResolvedOutput


@dataclass(frozen=True, slots=True)
class _Ready:
    """A picture that waits for inference in the batch's place of the same number."""

    position: int
    decoded: Decoded
    decode_s: float
    preprocess_s: float


def prepare(model: OnnxModel, stage: Stage, labels: Sequence[str] | None = None) -> LoadedStage:
    """Check that model and stage fit, and run the model once on a blank image, which also warms it up.

    Args:
        model: the loaded model.
        stage: the stage's settings.
        labels: the names of the classes when they come from `output.labelsUri`.

    Raises:
        ModelMismatch: model and stage contradict each other.
        ModelRunFailed: the model fails on a blank image.
    """
    settings = resolve_input(model.uri, stage.input, model.inputs)
    preprocessor = Preprocessor.of(settings)
    blank = preprocessor.empty_batch(1)
    blank.fill(0)
    trial = model.run(blank.reshape(1, *settings.shape))
    output = resolve_output(model.uri, stage.output, labels or stage.output.labels, model.outputs, trial)
    return LoadedStage(model, preprocessor, output)


class Analyser:
    """Analyses images of one stage. It owns the arrays that batches are built in: one a thread."""

    def __init__(self, stage: LoadedStage, *, batch_size: int = 8, max_bytes: int | None = None) -> None:
        """Set up the arrays.

        Args:
            stage: from `prepare`.
            batch_size: the most images that the model gets at once; 1 if it takes no more.
            max_bytes: files with more bytes fail with TooLarge.
        """
        self._stage = stage
        self._max_bytes = max_bytes
        self._batch_size = batch_size if stage.preprocessor.settings.batches else 1
        self._batch = stage.preprocessor.empty_batch(self._batch_size)

    def analyse(self, images: Sequence[bytes]) -> list[Analysis | Failure]:
        """An answer for each image, in their order. A bad image never harms its neighbours."""
        answers: list[Analysis | Failure] = []
        for start in range(0, len(images), self._batch_size):
            answers += self._analyse_batch(images[start : start + self._batch_size])
        return answers

    def _analyse_batch(self, images: Sequence[bytes]) -> list[Analysis | Failure]:
        answers: dict[int, Analysis | Failure] = {}
        ready: list[_Ready] = []
        for position, image in enumerate(images):
            try:
                ready.append(self._make_ready(position, image, place=len(ready)))
            except (ImageError, NotAnImage) as error:
                answers[position] = Failure(error.reason, str(error))
        for picture, answer in zip(ready, self._infer(ready), strict=True):
            answers[picture.position] = answer
        return [answers[position] for position in range(len(images))]

    def _make_ready(self, position: int, image: bytes, *, place: int) -> _Ready:
        if self._max_bytes is not None and len(image) > self._max_bytes:
            raise TooLarge(f"the image has {len(image):,} bytes, the pipeline takes at most {self._max_bytes:,}")
        preprocessor = self._stage.preprocessor
        started = perf_counter()
        decoded = decode(image, preprocessor.colors, preprocessor.decoder_shrink)
        decoded_at = perf_counter()
        preprocessor.write(decoded.pixels, self._batch[place])
        return _Ready(position, decoded, decoded_at - started, perf_counter() - decoded_at)

    def _infer(self, ready: Sequence[_Ready]) -> list[Analysis | Failure]:
        """All at once; if that fails, one by one, so that only the picture at fault fails."""
        if not ready:
            return []
        try:
            return self._infer_places(ready, 0)
        except (InferenceError, ModelRunFailed) as error:
            if len(ready) == 1:
                return [Failure(InferenceError.reason, str(error))]
        answers: list[Analysis | Failure] = []
        for place, picture in enumerate(ready):
            try:
                answers += self._infer_places([picture], place)
            except (InferenceError, ModelRunFailed) as error:
                answers.append(Failure(InferenceError.reason, str(error)))
        return answers

    def _infer_places(self, ready: Sequence[_Ready], first: int) -> list[Analysis | Failure]:
        stage = self._stage
        count = len(ready)
        started = perf_counter()
        feed = self._batch[first : first + count].reshape(count, *stage.preprocessor.settings.shape)
        results = stage.output.results(stage.model.run(feed), count)
        share_s = (perf_counter() - started) / count
        return [
            Analysis(
                picture.decoded.format,
                picture.decoded.width,
                picture.decoded.height,
                result,
                Timings(picture.decode_s, picture.preprocess_s, share_s),
            )
            for picture, result in zip(ready, results, strict=True)
        ]
