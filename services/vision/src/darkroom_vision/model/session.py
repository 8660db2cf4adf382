"""An ONNX file, checked and loaded: one session that all loops of a worker share."""

import mmap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt

from darkroom.checksums import sha256_of
from darkroom.errors import DarkroomError
from darkroom_vision.model.external_data import external_files
from darkroom_vision.model.metadata import ModelMetadata, read_metadata
from darkroom_vision.model.onnx_messages import NotProtobuf
from darkroom_vision.model.onnx_runtime import onnxruntime, runtime_errors

_NO_MESSAGES_OF_ITS_OWN = 4
_ERRORS = (
    runtime_errors.Fail,
    runtime_errors.InvalidArgument,
    runtime_errors.InvalidGraph,
    runtime_errors.InvalidProtobuf,
    runtime_errors.NoModel,
    runtime_errors.NoSuchFile,
    runtime_errors.NotFound,
    runtime_errors.NotImplemented,
    runtime_errors.RuntimeException,
    runtime_errors.EPFail,
    RuntimeError,
    ValueError,
)

Value = npt.NDArray[Any] | list[dict[Any, float]]
"""An output: an array, or the list of maps that scikit-learn's converter makes of probabilities."""


class ModelError(DarkroomError):
    """The model file cannot be used as it is."""


class ModelNotFound(ModelError):
    """There is no such file, or it cannot be read."""


class ModelChecksumMismatch(ModelError):
    """The file is not the one that the pipeline asks for."""


class ModelInSeveralFiles(ModelError):
    """The model keeps its weights in other files."""


class NotAnOnnxModel(ModelError):
    """ONNX Runtime cannot load the file."""


class ModelRunFailed(ModelError):
    """ONNX Runtime could not run the model on what it was given."""


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output of a model: `type` as ONNX Runtime has it, `tensor(float)`; open dimensions are None."""

    name: str
    type: str
    shape: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class OnnxModel:
    """A loaded model. `run` may be called from many threads at once."""

    name: str
    uri: str
    sha256: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    session: onnxruntime.InferenceSession
    metadata: ModelMetadata

    def run(self, feeds: Mapping[str, npt.NDArray[Any]]) -> list[Value]:
        """All outputs for one array for each input, by its name.

        Raises:
            ModelRunFailed: with ONNX Runtime's words.
        """
        try:
            return list(self.session.run(None, feeds))
        except _ERRORS as error:
            shapes = ", ".join(str(feed.shape) for feed in feeds.values())
            raise ModelRunFailed(f"model {self.uri}: it fails on an input of shape {shapes}: {error}") from error


def load_model(path: Path, *, uri: str | None = None, sha256: str | None = None) -> OnnxModel:
    """Check the file and load it.

    Args:
        path: the file.
        uri: what the pipeline calls it, for messages; the path when left out.
        sha256: what its checksum must be; not checked when left out.

    Raises:
        ModelNotFound, ModelChecksumMismatch, ModelInSeveralFiles, NotAnOnnxModel: with what to do about it.
    """
    uri = uri or str(path)
    try:
        found = sha256_of(path)
    except OSError as error:
        raise ModelNotFound(f"model {uri}: {path} cannot be read: {error.strerror or error}") from error
    if sha256 is not None and found != sha256:
        raise ModelChecksumMismatch(
            f"model {uri}: sha256 is {found}, the pipeline says {sha256}: "
            "provide the right file, or change model.sha256"
        )
    elsewhere, metadata = _read(path)
    if elsewhere:
        raise ModelInSeveralFiles(
            f"model {uri}: its weights are in other files ({', '.join(elsewhere)}), which model.sha256 does not cover: "
            "save it as one file, with onnx.save_model(onnx.load(FILE), FILE)"
        )
    try:
        session = onnxruntime.InferenceSession(str(path), _options(), providers=["CPUExecutionProvider"])
    except _ERRORS as error:
        raise NotAnOnnxModel(
            f"model {uri}: ONNX Runtime cannot load it ({path.stat().st_size:,} bytes): {error}"
        ) from error
    inputs, outputs = _ports(session.get_inputs()), _ports(session.get_outputs())
    return OnnxModel(path.name, uri, found, inputs, outputs, session, metadata)


def _read(path: Path) -> tuple[list[str], ModelMetadata]:
    """The files that the model needs besides its own, and its metadata."""
    with path.open("rb") as file:
        try:
            model = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
            return external_files(model), read_metadata(model)
        except (NotProtobuf, ValueError):
            return [], ModelMetadata()  # ONNX Runtime says what is wrong with the file


def _options() -> onnxruntime.SessionOptions:
    """One thread a run: the loops are the parallelism, and threads below them cost more than they give (measured)."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = _NO_MESSAGES_OF_ITS_OWN
    return options


def _ports(arguments: Sequence[onnxruntime.NodeArg]) -> tuple[Port, ...]:
    return tuple(
        Port(a.name, a.type, tuple(size if isinstance(size, int) else None for size in a.shape or ()))
        for a in arguments
    )
