"""The choice of an execution provider, as a decision without hardware; the sessions are real."""

from dataclasses import replace
from pathlib import Path

import pytest

from darkroom.api.execution import Execution, Precision, Provider
from darkroom_vision.model.providers import NAMES, ON_CPU, Choice, Machine, choose, only_cpu, session_providers
from darkroom_vision.model.session import load_model, open_session
from tests.support.models.onnx_files import identity_file

CPU, CUDA, OPENVINO = NAMES["Cpu"], NAMES["Cuda"], NAMES["OpenVino"]
NO_DRIVER = "there is no NVIDIA driver (libcuda.so.1)"


def machine(*providers: str, gpu_problem: str | None = None, bfloat16: bool = True) -> Machine:
    return Machine((*providers, CPU), lambda: gpu_problem, lambda: bfloat16)


@pytest.mark.parametrize(
    ("wanted", "on", "expected", "fallback", "reason"),
    [
        ("Auto", machine(), "Cpu", False, "no other provider"),
        ("Auto", machine(CUDA), "Cuda", False, "has a GPU"),
        ("Auto", machine(CUDA, gpu_problem=NO_DRIVER), "Cpu", True, NO_DRIVER),
        ("Auto", machine(CUDA, OPENVINO), "Cuda", False, "has a GPU"),
        ("Auto", machine(OPENVINO), "Cpu", False, "not been compared"),
        ("Cpu", machine(CUDA, OPENVINO), "Cpu", False, "asks for it"),
        ("Cuda", machine(CUDA), "Cuda", False, "asks for it"),
        ("Cuda", machine(CUDA, gpu_problem=NO_DRIVER), "Cpu", True, NO_DRIVER),
        ("Cuda", machine(), "Cpu", True, "use the GPU build"),
        ("OpenVino", machine(OPENVINO), "OpenVino", False, "asks for it"),
        ("OpenVino", machine(CUDA), "Cpu", True, "use the OpenVINO build"),
    ],
)
def test_the_choice_of_a_provider(
    wanted: Provider, on: Machine, expected: Provider, fallback: bool, reason: str
) -> None:
    found = choose(Execution(provider=wanted), on)
    assert (found.provider, found.fallback) == (expected, fallback)
    assert reason in found.reason


@pytest.mark.parametrize(
    ("wanted", "on", "expected"),
    [
        ("Auto", machine(), True),
        ("Cuda", machine(), True),
        ("Cpu", machine(CUDA, OPENVINO), True),
        ("Auto", machine(CUDA), False),
        ("OpenVino", machine(OPENVINO), False),
    ],
)
def test_that_a_model_runs_on_the_cpu_is_known_without_looking_for_a_gpu(
    wanted: Provider, on: Machine, expected: bool
) -> None:
    def looked() -> str | None:
        raise AssertionError("a process that has looked for a GPU must not be forked")

    assert only_cpu(Execution(provider=wanted), replace(on, gpu=looked)) == expected


def test_only_auto_on_a_runtime_with_openvino_is_open_to_a_trial() -> None:
    assert choose(Execution(), machine(OPENVINO)).contender == "OpenVino"
    assert choose(Execution(provider="Cpu"), machine(OPENVINO)).contender is None
    assert choose(Execution(), machine(CUDA, OPENVINO, gpu_problem=NO_DRIVER)).contender is None


@pytest.mark.parametrize(
    ("provider", "precision", "expected"),
    [
        ("Cpu", "Auto", "Float32"),
        ("Cuda", "Auto", "TensorFloat32"),
        ("Cuda", "TensorFloat32", "TensorFloat32"),
        ("Cuda", "Float32", "Float32"),
        ("OpenVino", "Auto", "Float32"),
        ("OpenVino", "Bfloat16", "Bfloat16"),
    ],
)
def test_the_precision_of_a_provider(provider: Provider, precision: Precision, expected: Precision) -> None:
    found = choose(Execution(provider=provider, precision=precision), machine(CUDA, OPENVINO))
    assert (found.provider, found.precision, found.fallback) == (provider, expected, False)


def test_bfloat16_on_a_cpu_that_does_not_compute_in_it_is_float32_and_says_so() -> None:
    wanted = Execution(provider="OpenVino", precision="Bfloat16")
    found = choose(wanted, machine(OPENVINO, bfloat16=False))
    assert (found.provider, found.precision, found.fallback) == ("OpenVino", "Float32", True)
    assert "does not compute in bfloat16" in found.reason


def test_the_options_of_a_session() -> None:
    assert session_providers(ON_CPU, 2) == [CPU]
    (name, options), last = session_providers(Choice("Cuda", "Float32", ""), 2)
    assert (name, last) == (CUDA, CPU)
    assert options == {"use_tf32": "0", "cudnn_conv_algo_search": "HEURISTIC"}
    (_, options), _ = session_providers(Choice("Cuda", "TensorFloat32", ""), 2)
    assert options["use_tf32"] == "1"
    (name, options), last = session_providers(Choice("OpenVino", "Bfloat16", ""), 2)
    assert (name, last) == (OPENVINO, CPU)
    assert (options["num_of_threads"], options["num_streams"]) == ("2", "2")
    assert options["load_config"] == '{"CPU": {"INFERENCE_PRECISION_HINT": "bf16"}}'


def test_a_provider_that_does_not_start_is_replaced_by_the_cpu(tmp_path: Path) -> None:
    # The runtime of the development environment has neither provider.
    path = identity_file(tmp_path / "x.onnx", [1, 3, 4, 4])
    session, choice = open_session(path, Choice("OpenVino", "Float32", "the stage asks for it"), 1)
    assert session.get_providers() == [CPU]
    assert (choice.provider, choice.fallback, choice.reason) == ("Cpu", True, "OpenVino did not start")


def test_a_model_knows_how_it_runs(tmp_path: Path) -> None:
    path = identity_file(tmp_path / "x.onnx", [1, 3, 4, 4])
    assert load_model(path).execution == ON_CPU
    model = load_model(path, execution=Execution(provider="Cuda"))
    assert (model.execution.provider, model.execution.fallback) == ("Cpu", True)
    assert not model.is_busy
