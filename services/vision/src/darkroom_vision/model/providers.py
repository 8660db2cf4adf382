"""Execution providers: which one a session gets, with which options, and why."""

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, Literal

from darkroom.api.execution import Execution, Precision
from darkroom_vision.model.devices import gpu_problem, has_bfloat16
from darkroom_vision.model.onnx_runtime import onnxruntime

Provider = Literal["Cpu", "Cuda", "OpenVino"]

NAMES: Final[dict[Provider, str]] = {
    "Cpu": "CPUExecutionProvider",
    "Cuda": "CUDAExecutionProvider",
    "OpenVino": "OpenVINOExecutionProvider",
}
"""ONNX Runtime's names."""


@dataclass(frozen=True)
class Machine:
    """What can be used in this process. Devices are only looked for if they matter.

    Attributes:
        providers: ONNX Runtime's names of the providers that it was built with.
        gpu: returns why there is no GPU, or None.
        bfloat16: returns whether the CPU computes in bfloat16.
    """

    providers: Collection[str]
    gpu: Callable[[], str | None] = gpu_problem
    bfloat16: Callable[[], bool] = has_bfloat16

    @classmethod
    def this(cls) -> "Machine":
        """The machine that this process runs on."""
        return cls(onnxruntime.get_available_providers())

    def has(self, provider: Provider) -> bool:
        """Whether ONNX Runtime was built with `provider`."""
        return NAMES[provider] in self.providers

    @cached_property
    def gpu_problem(self) -> str | None:
        """Why there is no GPU; None if there is one."""
        return self.gpu()


@dataclass(frozen=True, slots=True)
class Choice:
    """The provider and precision of a session.

    Attributes:
        reason: why, as the end of a sentence that begins with the provider.
        fallback: whether the stage or the worker image asks for another provider, which is not available.
        contender: a provider that may be faster, to be found out in a trial.
    """

    provider: Provider
    precision: Precision
    reason: str
    fallback: bool = False
    contender: Provider | None = None

    def __str__(self) -> str:
        return f"{self.provider} {self.precision}: {self.reason}"

    def instead(self, problem: str) -> "Choice":
        """The CPU instead, because of `problem`."""
        return replace(ON_CPU, reason=problem, fallback=True)


ON_CPU: Final = Choice("Cpu", "Float32", "the stage asks for it")


def only_cpu(wanted: Execution, machine: Machine) -> bool:
    """Whether the model runs on the CPU provider for certain. Does not look for devices: a GPU is not used yet."""
    return wanted.provider == "Cpu" or not (machine.has("Cuda") or machine.has("OpenVino"))


def choose(wanted: Execution, machine: Machine) -> Choice:
    """The provider for a stage that wants `wanted`, without running the model."""
    match wanted.provider:
        case "Cpu":
            return ON_CPU
        case "Cuda":
            problem = _cuda_problem(machine)
            return ON_CPU.instead(problem) if problem else cuda(wanted, "the stage asks for it")
        case "OpenVino":
            if not machine.has("OpenVino"):
                return ON_CPU.instead("the worker image has no OpenVINO: use the OpenVINO build of the image")
            return openvino(wanted, machine, "the stage asks for it")
    if machine.has("Cuda"):
        problem = _cuda_problem(machine)
        return ON_CPU.instead(problem) if problem else cuda(wanted, "the worker has a GPU")
    if machine.has("OpenVino"):
        return replace(ON_CPU, reason="it has not been compared with OpenVINO", contender="OpenVino")
    return replace(ON_CPU, reason="the worker image has no other provider")


def cuda(wanted: Execution, reason: str) -> Choice:
    """CUDA. Matrix products and convolutions use TensorFloat32, as in ONNX Runtime, unless Float32 is asked for."""
    return Choice("Cuda", "Float32" if wanted.precision == "Float32" else "TensorFloat32", reason)


def openvino(wanted: Execution, machine: Machine, reason: str) -> Choice:
    """OpenVINO on the CPU. It would silently compute in float32 if the CPU has no instructions for bfloat16."""
    if wanted.precision != "Bfloat16":
        return Choice("OpenVino", "Float32", reason)
    if machine.bfloat16():
        return Choice("OpenVino", "Bfloat16", reason)
    return Choice("OpenVino", "Float32", f"{reason}, but the CPU does not compute in bfloat16", fallback=True)


def session_providers(choice: Choice, threads: int) -> list[str | tuple[str, dict[str, Any]]]:
    """The argument `providers` of an InferenceSession; the CPU runs the operators that the provider lacks.

    Args:
        choice: the provider and its precision.
        threads: how many threads run the model at the same time.
    """
    on_cpu = NAMES["Cpu"]
    match choice.provider:
        case "Cuda":
            options = {
                "use_tf32": str(int(choice.precision == "TensorFloat32")),
                # The default, an exhaustive search, would be repeated for every batch size and image size.
                "cudnn_conv_algo_search": "HEURISTIC",
            }
            return [(NAMES["Cuda"], options), on_cpu]
        case "OpenVino":
            hint = "bf16" if choice.precision == "Bfloat16" else "f32"
            # A thread and a stream for each run: with fewer streams, runs would wait for each other.
            options = {
                "device_type": "CPU",
                "num_of_threads": str(threads),
                "num_streams": str(threads),
                "load_config": json.dumps({"CPU": {"INFERENCE_PRECISION_HINT": hint}}),
            }
            return [(NAMES["OpenVino"], options), on_cpu]
    return [on_cpu]


def _cuda_problem(machine: Machine) -> str | None:
    if not machine.has("Cuda"):
        return "the worker image has no CUDA: use the GPU build of the image"
    return machine.gpu_problem
