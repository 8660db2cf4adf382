"""A model as its head sees it: its outputs, and what it answered to a blank image."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from darkroom_vision.imaging.geometry import Size
from darkroom_vision.model.input import ModelMismatch
from darkroom_vision.model.metadata import ModelMetadata
from darkroom_vision.model.session import Port, Value

_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Trial:
    """A trial run.

    Attributes:
        uri: the model's, for messages.
        outputs: the model's.
        values: the outputs for one blank image, which show the shapes that the file leaves open.
        inputs: the model's, the shape of its image input without open dimensions.
        metadata: the file's.
        input_size: (width, height) of the image input.
        told: the inputs that tell the model the image's size, or how it was resized.
    """

    uri: str
    outputs: Sequence[Port]
    values: Sequence[Value]
    inputs: Sequence[Port] = ()
    metadata: ModelMetadata = field(default_factory=ModelMetadata)
    input_size: Size = (1, 1)
    told: frozenset[str] = frozenset()

    def mismatch(self, problem: str) -> ModelMismatch:
        """The error that says what is wrong with model and stage, and what to do."""
        return ModelMismatch(self.uri, [problem])

    def index(self, name: str) -> int:
        """The position of the output `name`.

        Raises:
            ModelMismatch: there is none.
        """
        if (found := self.find(name)) is None:
            shown = ", ".join(port.name for port in self.outputs[:_SHOWN])
            raise self.mismatch(f"it has no output {name!r}: set output.name to one of {shown}")
        return found

    def find(self, *names: str) -> int | None:
        """The position of the first output with one of these names. TensorFlow's suffix `:0` does not count."""
        for i, port in enumerate(self.outputs):
            if port.name in names or port.name.removesuffix(":0") in names:
                return i
        return None

    def array(self, index: int) -> npt.NDArray[Any]:
        """The value of an output; an empty array if it is none."""
        value = self.values[index]
        return value if isinstance(value, np.ndarray) else np.empty(0)

    def first(self, rank: int, kinds: str = "f", columns: int | None = None, *, but: Sequence[int] = ()) -> int | None:
        """The first output of this rank, of one of these kinds of NumPy, with so many columns, that is not in `but`."""
        for i in range(len(self.outputs)):
            array = self.array(i)
            if i in but or array.ndim != rank or array.dtype.kind not in kinds:
                continue
            if columns is None or array.shape[-1] == columns:
                return i
        return None

    def shown(self, index: int) -> str:
        """An output with its type and shape, for messages."""
        port, value = self.outputs[index], self.values[index]
        shape = f" of shape {value.shape} for one image" if isinstance(value, np.ndarray) else ""
        return f"output {port.name!r} is {port.type}{shape}"

    def all_shown(self) -> str:
        """All outputs, for messages."""
        return ", ".join(self.shown(i) for i in range(min(len(self.outputs), _SHOWN)))
