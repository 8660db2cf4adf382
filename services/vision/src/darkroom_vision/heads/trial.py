"""The trial run of a model: its ports, and its outputs for one blank image."""

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
        uri: the model's URI, for errors.
        outputs: the outputs that the file declares.
        values: the outputs for one blank image, which give the dimensions that the file leaves open.
        inputs: the model's inputs; that of the image has no open dimensions.
        metadata: the file's metadata.
        input_size: (width, height) of the image input.
        told: names of the inputs that are filled in with facts about the image (`extra_inputs.FACTS`).
    """

    uri: str
    outputs: Sequence[Port]
    values: Sequence[Value]
    inputs: Sequence[Port] = ()
    metadata: ModelMetadata = field(default_factory=ModelMetadata)
    input_size: Size = (1, 1)
    told: frozenset[str] = frozenset()

    def mismatch(self, problem: str) -> ModelMismatch:
        """An error with `problem`, which says what is wrong and what to change."""
        return ModelMismatch(self.uri, [problem])

    def index(self, name: str) -> int:
        """The position of the output `name`.

        Raises:
            ModelMismatch: there is no such output.
        """
        if (found := self.find(name)) is None:
            shown = ", ".join(port.name for port in self.outputs[:_SHOWN])
            raise self.mismatch(f"it has no output {name!r}: set output.name to one of {shown}")
        return found

    def find(self, *names: str) -> int | None:
        """The position of the first output with one of these names. TensorFlow's suffix `:0` is ignored."""
        for i, port in enumerate(self.outputs):
            if port.name in names or port.name.removesuffix(":0") in names:
                return i
        return None

    def array(self, index: int) -> npt.NDArray[Any]:
        """The value of an output; an empty array if it is not an array."""
        value = self.values[index]
        return value if isinstance(value, np.ndarray) else np.empty(0)

    def first(self, rank: int, kinds: str = "f", columns: int | None = None, *, but: Sequence[int] = ()) -> int | None:
        """The first output of this rank, dtype kind (one of `kinds`) and number of columns that is not in `but`."""
        for i in range(len(self.outputs)):
            array = self.array(i)
            if i in but or array.ndim != rank or array.dtype.kind not in kinds:
                continue
            if columns is None or array.shape[-1] == columns:
                return i
        return None

    def shown(self, index: int) -> str:
        """An output with its type and shape, for errors."""
        port, value = self.outputs[index], self.values[index]
        shape = f" of shape {value.shape} for one image" if isinstance(value, np.ndarray) else ""
        return f"output {port.name!r} is {port.type}{shape}"

    def all_shown(self) -> str:
        """All outputs, for errors."""
        return ", ".join(self.shown(i) for i in range(min(len(self.outputs), _SHOWN)))
