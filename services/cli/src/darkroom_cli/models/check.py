"""Comparing a worker's pre-processing and answers with those of the reference implementation."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from darkroom.errors import DarkroomError
from darkroom_cli.models.agreement import agreement
from darkroom_cli.models.analysis import analyse_files
from darkroom_cli.models.feeds import feeds_of
from darkroom_cli.models.settings import Prepared
from darkroom_cli.views.outcome import outcome
from darkroom_vision.heads.base import Frame
from darkroom_vision.model.session import Value
from darkroom_vision.reference import as_input, levels, reference_input


@dataclass(frozen=True)
class Compared:
    """The differences for one image.

    Attributes:
        largest_levels, mean_levels: of the inputs, in levels of 256.
        outputs: the largest absolute difference of each output of numbers.
        answer, expected: of the worker, and with the reference's input, in short.
        agreement: of the two, 0 to 1.
        milliseconds: of each step, and of the reference.
    """

    file: Path
    largest_levels: float
    mean_levels: float
    outputs: dict[str, float]
    answer: str
    expected: str
    agreement: float
    milliseconds: dict[str, float]

    def lines(self) -> Iterator[str]:
        """For people."""
        yield str(self.file)
        yield f"  input      largest difference {self.largest_levels:.2f} levels of 256, mean {self.mean_levels:.3f}"
        for name, difference in self.outputs.items():
            yield f"  output     {name}: largest difference {difference:.4g}"
        yield f"  answer     {self.answer}"
        yield f"  reference  {self.expected} (agreement {self.agreement:.1%})"
        yield f"  ms         {', '.join(f'{name} {ms:.2f}' for name, ms in self.milliseconds.items())}"

    def as_document(self) -> dict[str, Any]:
        """For programs."""
        return {
            "file": str(self.file),
            "largestLevels": self.largest_levels,
            "meanLevels": self.mean_levels,
            "outputs": self.outputs,
            "answer": self.answer,
            "reference": self.expected,
            "agreement": self.agreement,
            "milliseconds": self.milliseconds,
        }


def check_files(found: Prepared, files: Sequence[Path]) -> Iterator[Compared]:
    """The differences for each of `files`.

    Raises:
        DarkroomError: a file can't be analysed.
    """
    for analysed in analyse_files(found, files[:1]):  # the first image costs more: libraries get ready
        if not analysed.failed:
            _compared(found, analysed.file, analysed.content, analysed.document)
    for file, analysed in zip(files, analyse_files(found, files), strict=True):
        if analysed.failed:
            raise DarkroomError(f"{file}: {outcome(analysed.document)}")
        yield _compared(found, file, analysed.content, analysed.document)


def _compared(found: Prepared, file: Path, content: bytes, document: dict[str, Any]) -> Compared:
    model, preprocessor = found.loaded.model, found.loaded.preprocessor
    settings = preprocessor.settings
    feeds = feeds_of(found.loaded, file)
    fed = feeds[settings.name]
    fitting = preprocessor.fit((document["image"]["width"], document["image"]["height"]))
    started = perf_counter()
    try:
        reference = reference_input(content, settings, fitting)
    except OSError as error:
        raise DarkroomError(f"{file}: Pillow, which the comparison uses, can't read it: {error}") from error
    reference_ms = (perf_counter() - started) * 1000
    right = as_input(reference.values, settings)
    outputs, expected = model.run(feeds), model.run(feeds | {settings.name: right.reshape(fed.shape)})
    frame = Frame(reference.size, reference.to_image, reference.input_size)
    (result,) = found.loaded.head.results(expected, [frame])
    difference = np.abs(levels(fed.reshape(right.shape), settings) - levels(right, settings))
    timings = {name.removesuffix("Ms"): float(ms) for name, ms in document["timings"].items()}
    return Compared(
        file,
        float(difference.max()),
        float(difference.mean()),
        {
            port.name: apart
            for port, apart in zip(model.outputs, map(_apart, outputs, expected), strict=True)
            if apart is not None
        },
        outcome(document),
        outcome(result | {"outputType": found.stage.output.type}),
        agreement(result, document),
        timings | {"reference": round(reference_ms, 3)},
    )


def _apart(found: Value, expected: Value) -> float | None:
    """The largest absolute difference; None if the outputs are not numbers, or differ in shape."""
    if not isinstance(found, np.ndarray) or not isinstance(expected, np.ndarray) or found.shape != expected.shape:
        return None
    if found.dtype.kind not in "fiu":
        return None
    return float(np.abs(found.astype(np.float64) - expected.astype(np.float64)).max(initial=0))
