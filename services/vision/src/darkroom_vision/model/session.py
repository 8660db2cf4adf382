"""Checking and loading an ONNX file into a session that all loops of a worker share."""

import mmap
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

import numpy.typing as npt

from darkroom.api.execution import Execution
from darkroom.errors import DarkroomError
from darkroom.files.checksums import sha256_of
from darkroom_vision.model.external_data import external_files
from darkroom_vision.model.metadata import ModelMetadata, read_metadata
from darkroom_vision.model.onnx_messages import NotProtobuf
from darkroom_vision.model.onnx_runtime import onnxruntime, runtime_errors
from darkroom_vision.model.providers import NAMES, Choice, Machine, choose, session_providers

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

_ON_CPU = Execution(provider="Cpu")

Value = npt.NDArray[Any] | list[dict[Any, float]]
"""An output: an array, or the list of maps in which scikit-learn's converter (skl2onnx) puts probabilities."""


class ModelError(DarkroomError):
    """The model file cannot be used."""


class ModelNotFound(ModelError):
    """The file does not exist or cannot be read."""


class ModelChecksumMismatch(ModelError):
    """The file's SHA-256 is not the one in the pipeline."""

    @classmethod
    def of(cls, what: str, uri: str, found: str, expected: str) -> Self:
        """The error for a file, with what to do."""
        advice = "provide the right file, or change its sha256 in the pipeline"
        return cls(f"{what} {uri}: sha256 is {found}, the pipeline says {expected}: {advice}")


class ModelInSeveralFiles(ModelError):
    """The model keeps its weights in other files (external data)."""


class NotAnOnnxModel(ModelError):
    """ONNX Runtime cannot load the file."""


class ModelRunFailed(ModelError):
    """ONNX Runtime failed to run the model."""


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output of a model: `type` as in ONNX Runtime, such as `tensor(float)`; open dimensions are None."""

    name: str
    type: str
    shape: tuple[int | None, ...]


def shape_text(shape: Sequence[int | None]) -> str:
    """A shape for people, such as (1, 3, ?, ?)."""
    return f"({', '.join('?' if side is None else str(side) for side in shape)})"


@dataclass(frozen=True, slots=True)
class OnnxModel:
    """A loaded model. Thread-safe.

    Attributes:
        sha256: of the ONNX file.
        external_data: the SHA-256 of the files with its external data, by location in the model.
        path: the file.
        execution: the provider and precision of `session`, and why.
        running: the threads that run it now.
    """

    name: str
    uri: str
    sha256: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    session: onnxruntime.InferenceSession
    metadata: ModelMetadata
    path: Path
    execution: Choice
    running: set[int] = field(default_factory=set)
    external_data: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_busy(self) -> bool:
        """Whether a run is in progress in any thread."""
        return bool(self.running)

    def run(self, feeds: Mapping[str, npt.NDArray[Any]]) -> list[Value]:
        """All outputs, in the model's order. `feeds` has an array for each input, by name.

        Raises:
            ModelRunFailed: the run failed; has ONNX Runtime's message.
        """
        thread = threading.get_ident()
        self.running.add(thread)
        try:
            return list(self.session.run(None, feeds))
        except _ERRORS as error:
            shapes = ", ".join(str(feed.shape) for feed in feeds.values())
            raise ModelRunFailed(f"model {self.uri}: it fails on an input of shape {shapes}: {error}") from error
        finally:
            self.running.discard(thread)


def load_model(
    path: Path,
    *,
    uri: str | None = None,
    sha256: str | None = None,
    external_data: Mapping[str, str] = MappingProxyType({}),
    execution: Execution = _ON_CPU,
    threads: int = 1,
) -> OnnxModel:
    """Check the file and load it.

    Args:
        path: the file.
        uri: its URI in the pipeline, for errors; defaults to the path.
        sha256: the expected checksum; None: not checked.
        external_data: the SHA-256 of files that have been checked, by location in the model.
        execution: the wanted provider and precision. A provider that is not available is replaced by the CPU.
        threads: how many threads will run the model at the same time.

    Raises:
        ModelNotFound: the file does not exist or cannot be read.
        ModelChecksumMismatch: its checksum is not `sha256`.
        ModelInSeveralFiles: its weights are in files that are not in `external_data`.
        NotAnOnnxModel: ONNX Runtime cannot load it.
    """
    uri = uri or str(path)
    try:
        found = sha256_of(path)
    except OSError as error:
        raise ModelNotFound(f"model {uri}: {path} cannot be read: {error.strerror or error}") from error
    if sha256 is not None and found != sha256:
        raise ModelChecksumMismatch.of("model", uri, found, sha256)
    locations, metadata = _read(path)
    if elsewhere := [location for location in locations if location not in external_data]:
        raise ModelInSeveralFiles(
            f"model {uri}: its weights are in other files ({', '.join(elsewhere)}), which model.sha256 does not cover: "
            "save it as one file, with onnx.save_model(onnx.load(FILE), FILE), or push all files to a registry (oci://)"
        )
    try:
        session, choice = open_session(path, choose(execution, Machine.this()), threads)
    except _ERRORS as error:
        raise NotAnOnnxModel(
            f"model {uri}: ONNX Runtime cannot load it ({path.stat().st_size:,} bytes): {error}"
        ) from error
    inputs, outputs = _ports(session.get_inputs()), _ports(session.get_outputs())
    checked = {location: external_data[location] for location in locations}
    return OnnxModel(path.name, uri, found, inputs, outputs, session, metadata, path, choice, external_data=checked)


def open_session(path: Path, choice: Choice, threads: int) -> tuple[onnxruntime.InferenceSession, Choice]:
    """A session on the provider of `choice`, or on the CPU if the provider does not start.

    ONNX Runtime itself only prints why a provider does not start, and continues on the CPU.
    """
    if choice.provider == "Cuda":
        onnxruntime.preload_dlls()  # from NVIDIA's wheels; otherwise the system's libraries are used
    problem = ""
    try:
        session = onnxruntime.InferenceSession(str(path), _options(), providers=session_providers(choice, threads))
    except _ERRORS as error:
        if choice.provider == "Cpu":
            raise
        problem = f": {' '.join(str(error).split())}"
    else:
        if NAMES[choice.provider] in session.get_providers():
            session.disable_fallback()
            return session, choice
    failed = choice.instead(f"{choice.provider} did not start{problem}")
    return onnxruntime.InferenceSession(str(path), _options(), providers=session_providers(failed, threads)), failed


def _read(path: Path) -> tuple[list[str], ModelMetadata]:
    """The files with the model's external data, and its metadata."""
    with path.open("rb") as file:
        try:
            model = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
            return external_files(model), read_metadata(model)
        except (NotProtobuf, ValueError):
            return [], ModelMetadata()  # ONNX Runtime will report what is wrong with the file


def _options() -> onnxruntime.SessionOptions:
    """One thread per run: loops run in parallel, and more threads would only compete with them (measured)."""
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
