"""A model's raw output -> the part of an analyzed event that says what the model saw.

Each output type is one function from an image's own raw output to JSON-able data, with the names of the event:
`{"predictions": [{"label", "index", "score"}]}`, `{"embedding": [...]}` or
`{"tensor": {"name", "shape", "dtype", "data"}}`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from darkroom.api.pipeline import Output
from darkroom_vision.failures import InferenceError
from darkroom_vision.model.input import ModelMismatch
from darkroom_vision.model.session import Port, Value

Result = dict[str, Any]
Activation = Literal["Softmax", "Sigmoid", "None"]

_CHOICES_SHOWN = 8
_DIGITS_OF_FLOAT32 = 9
"""So many significant digits give the same float32 back."""


@dataclass(frozen=True, slots=True)
class ResolvedOutput:
    """Nothing left open. `labels` are empty when the classes have no names."""

    index: int
    name: str
    type: Literal["Classification", "Embedding", "Tensor"]
    labels: tuple[str, ...]
    top_k: int
    threshold: float
    activation: Activation

    def results(self, outputs: Sequence[Value], count: int) -> list[Result]:
        """One result for each of the `count` images of a batch.

        Raises:
            InferenceError: an output is not finite, or not one row an image.
        """
        value = outputs[self.index]
        if count > 1 and len(value) != count:
            raise InferenceError(f"the model's output {self.name!r} has {len(value)} rows for {count} images")
        interpret = _INTERPRETERS[self.type]
        if count == 1:
            return [interpret(self, value)]
        return [interpret(self, value[i : i + 1]) for i in range(count)]


def resolve_output(
    uri: str, spec: Output, labels: Sequence[str] | None, ports: tuple[Port, ...], trial: Sequence[Value]
) -> ResolvedOutput:
    """Which output of the model is read, and whether it can be what the pipeline says it is.

    Args:
        uri: the model's, for messages.
        spec: the stage's output.
        labels: names of the classes: `spec.labels`, or what was read from `spec.labelsUri`.
        ports: the model's outputs.
        trial: the outputs for one blank image, which show the shapes that the file leaves open.

    Raises:
        ModelMismatch: with what the file says, what the pipeline says, what to change.
    """
    index = _index(uri, spec, ports, trial)
    name, value = ports[index].name, trial[index]
    resolved = ResolvedOutput(index, name, spec.type, tuple(labels or ()), spec.top_k, spec.threshold, spec.activation)
    if spec.type == "Classification":
        classes = len(_scores(resolved, value)[0])
        if resolved.labels and classes != len(resolved.labels):
            named = len(resolved.labels)
            raise ModelMismatch(
                uri, [f"its output {name!r} has {classes} classes, output.labels names {named}: name all of them"]
            )
    elif not isinstance(value, np.ndarray) or value.dtype.kind not in "fiub":
        raise ModelMismatch(
            uri,
            [f"its output {name!r} is {ports[index].type}, which is no tensor of numbers: set output.name to another"],
        )
    return resolved


def _index(uri: str, spec: Output, ports: tuple[Port, ...], trial: Sequence[Value]) -> int:
    """The named output, else the first; for Classification the first that holds scores (others may hold the label)."""
    names = [port.name for port in ports]
    if spec.name is not None:
        if spec.name not in names:
            shown = ", ".join(names[:_CHOICES_SHOWN])
            raise ModelMismatch(uri, [f"it has no output {spec.name!r}: set output.name to one of {shown}"])
        index = names.index(spec.name)
        if spec.type == "Classification" and not _holds_scores(trial[index]):
            raise ModelMismatch(uri, [_no_scores(ports[index], trial[index])])
        return index
    if spec.type != "Classification":
        return 0
    for index, value in enumerate(trial):
        if _holds_scores(value):
            return index
    raise ModelMismatch(uri, [_no_scores(ports[0], trial[0])])


def _holds_scores(value: Value) -> bool:
    if isinstance(value, list):
        return len(value) == 1 and isinstance(value[0], dict)
    return value.dtype.kind == "f" and value.ndim > 0 and value.size == max(value.shape)


def _no_scores(port: Port, value: Value) -> str:
    shape = f" of shape {value.shape} for one image" if isinstance(value, np.ndarray) else ""
    return (
        f"its output {port.name!r} is {port.type}{shape}, a Classification reads floats of shape (N, classes): "
        "set output.name, or output.type to Tensor"
    )


def _scores(output: ResolvedOutput, value: Value) -> tuple[npt.NDArray[np.float64], Sequence[str]]:
    """(raw scores (classes,), names) of one image; the names are the model's own if the pipeline gives none."""
    if isinstance(value, list):  # scikit-learn's converter: [{class: probability}]
        raw = np.array(list(value[0].values()), np.float64)
        return raw, output.labels or [str(name) for name in value[0]]
    return value.astype(np.float64).ravel(), output.labels


def _activated(raw: npt.NDArray[np.float64], activation: Activation) -> npt.NDArray[np.float64]:
    if activation == "Softmax":
        powers = np.exp(raw - raw.max())
        return np.asarray(powers / powers.sum())
    if activation == "Sigmoid":
        return np.asarray(0.5 * (1 + np.tanh(0.5 * raw)))  # the same function, without an overflow
    return raw


def _classification(output: ResolvedOutput, value: Value) -> Result:
    """The best `top_k` classes with a score of at least `threshold`, best first, equal ones by index."""
    raw, names = _scores(output, value)
    _refuse_what_is_not_finite(output, raw)
    scores = _activated(raw, output.activation)
    best = np.argsort(-scores, kind="stable")[: output.top_k]
    return {
        "predictions": [
            {"label": names[i] if names else str(i), "index": i, "score": score}
            for i, score in zip(best.tolist(), _shortened(scores[best]), strict=True)
            if score >= output.threshold
        ]
    }


def _embedding(output: ResolvedOutput, value: Value) -> Result:
    """The vector as the model gives it, flat. It is not normalised: a model that wants that says so itself."""
    array = np.asarray(value)
    _refuse_what_is_not_finite(output, array)
    return {"embedding": _shortened(array.astype(np.float64).ravel())}


def _tensor(output: ResolvedOutput, value: Value) -> Result:
    """The output as it is for a batch of this one image, in row-major order."""
    array = np.asarray(value)
    _refuse_what_is_not_finite(output, array)
    flat = array.ravel()
    data = _shortened(flat.astype(np.float64)) if array.dtype in (np.float32, np.float16) else flat.tolist()
    return {"tensor": {"name": output.name, "shape": list(array.shape), "dtype": array.dtype.name, "data": data}}


def _refuse_what_is_not_finite(output: ResolvedOutput, array: npt.NDArray[Any]) -> None:
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise InferenceError(f"the model's output {output.name!r} holds NaN or infinity for this image")


def _shortened(values: npt.NDArray[np.float64]) -> list[float]:
    """As many digits as a float32 has: half the bytes in JSON, and the same float32 when it is read."""
    magnitude = np.floor(np.log10(np.abs(values), where=values != 0, out=np.zeros_like(values)))
    power = 10.0 ** np.clip(_DIGITS_OF_FLOAT32 - 1 - magnitude, -300, 300)
    shortened: list[float] = (np.rint(values * power) / power).tolist()
    return shortened


_INTERPRETERS: dict[str, Callable[[ResolvedOutput, Value], Result]] = {
    "Classification": _classification,
    "Embedding": _embedding,
    "Tensor": _tensor,
}
