"""The evidence for a model's family: its inputs, its outputs in a trial run, and its metadata."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from darkroom_vision.model.metadata import ModelMetadata
from darkroom_vision.model.session import Port, Value, shape_text

Kind = Literal["float", "integer", "maps", "unknown"]

_FLOATS = ("tensor(float)", "tensor(float16)", "tensor(double)")
_CHANNELS = (1, 3)
_IMAGE_RANKS = (3, 4)
_MOST_CLASSES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Seen:
    """An output.

    Attributes:
        shape: for one image if there was a trial run; else as declared, with None for open dimensions.
        value: its value in the trial run; None if there was none.
    """

    name: str
    kind: Kind
    shape: tuple[int | None, ...]
    value: npt.NDArray[Any] | None = None

    @classmethod
    def of(cls, port: Port, value: Value | None) -> Self:
        """The output that `port` declares, with its value in the trial run."""
        name = port.name.removesuffix(":0")  # TensorFlow's suffix
        if isinstance(value, np.ndarray):
            kind: Kind = "float" if value.dtype.kind == "f" else "integer" if value.dtype.kind in "iu" else "unknown"
            return cls(name, kind, value.shape, value)
        if isinstance(value, list) or port.type.startswith("seq(map("):
            return cls(name, "maps", port.shape)
        if port.type in _FLOATS:
            return cls(name, "float", port.shape)
        return cls(name, "integer" if "int" in port.type else "unknown", port.shape)

    @property
    def rank(self) -> int:
        """The number of dimensions."""
        return len(self.shape)

    def __str__(self) -> str:
        return f"output {self.name!r} of shape {shape_text(self.shape)}"

    def within(self, lowest: float, highest: float) -> bool | None:
        """Whether all values of the trial run lie in this range; None if there was none."""
        if self.value is None or self.kind != "float" or not self.value.size:
            return None
        return bool(np.all((self.value >= lowest) & (self.value <= highest)))

    def sums_to_one(self, axis: int) -> bool:
        """Whether the trial run's values are probabilities that sum to 1 along `axis`."""
        if self.value is None or not self.within(0, 1):
            return False
        return bool(np.allclose(self.value.astype(np.float64).sum(axis), 1, atol=1e-3))


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known about a model. `tried`: (height, width) of the image input in the trial run, if there was one."""

    inputs: tuple[Port, ...]
    outputs: tuple[Seen, ...]
    metadata: ModelMetadata
    tried: tuple[int | None, int | None] = (None, None)

    @classmethod
    def of(
        cls,
        inputs: Sequence[Port],
        outputs: Sequence[Port],
        metadata: ModelMetadata,
        trial: Sequence[Value] | None,
        fed: Mapping[str, tuple[int, ...]] | None = None,
    ) -> Self:
        """The evidence of ports, metadata and, if there was one, a trial run with inputs of the shapes `fed`."""
        values: Sequence[Value | None] = trial if trial is not None else [None] * len(outputs)
        found = cls(tuple(inputs), tuple(map(Seen.of, outputs, values)), metadata)
        shaped = [replace(port, shape=(fed or {}).get(port.name, port.shape)) for port in inputs]
        return replace(found, tried=replace(found, inputs=tuple(shaped)).size)

    @property
    def image(self) -> Port | None:
        """The input that takes the image: the first of rank 4, else the first of rank 3, else the only one."""
        for rank in reversed(_IMAGE_RANKS):
            for port in self.inputs:
                if len(port.shape) == rank:
                    return port
        return self.inputs[0] if len(self.inputs) == 1 else None

    @property
    def size(self) -> tuple[int | None, int | None]:
        """(height, width) of the image input; None where it is open."""
        if self.image is None or len(self.image.shape) not in _IMAGE_RANKS:
            return None, None
        sides = self.image.shape[-3:]
        height, width = sides[:2] if self.channels_last else sides[1:]
        return height, width

    @property
    def channels_last(self) -> bool:
        """Whether the image input is NHWC."""
        shape = self.image.shape if self.image is not None else ()
        return len(shape) in _IMAGE_RANKS and shape[-1] in _CHANNELS and shape[-3] not in _CHANNELS

    @property
    def channels(self) -> int | None:
        """Number of channels of the image input; None if it is open."""
        shape = self.image.shape if self.image is not None else ()
        if len(shape) not in _IMAGE_RANKS:
            return None
        return shape[-1] if self.channels_last else shape[-3]

    def named(self, *names: str) -> dict[str, Seen]:
        """The outputs with these names, by name."""
        return {output.name: output for output in self.outputs if output.name in names}

    def takes(self, *names: str) -> bool:
        """Whether the model has all of these inputs."""
        return set(names) <= {port.name for port in self.inputs}

    def labels(self, classes: int | None, problems: list[str]) -> tuple[str, ...]:
        """The class names in the metadata. If there are not `classes` of them: none, and an entry in `problems`."""
        names = self.metadata.names
        if not names or classes == len(names):
            return names
        if classes is not None:
            shown = ", ".join(names[:_MOST_CLASSES_SHOWN])
            problems.append(
                f"The file's metadata names {len(names)} classes ({shown}, …), but its output has {classes}: "
                "the names are not used."
            )
        return ()
