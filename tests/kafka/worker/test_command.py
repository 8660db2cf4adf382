"""The command `darkroom-worker`: errors in one line."""

import re
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.services.stage import MODEL, TriedStage

Stage = Callable[..., TriedStage]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "darkroom_inference", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (
            {"stage": {"model": {"uri": "configmap://m/d.onnx", "sha256": "0" * 64}}},
            r"model configmap://m/d.onnx: sha256 is",
        ),
        ({"model": Path(__file__)}, r"model configmap://digits-model/digits.onnx: .*can"),
        ({"model": Path("/nowhere/d.onnx")}, r"/nowhere/d.onnx cannot be read"),
        ({"stage": {"input": {"width": 99}}}, r"model configmap://digits-model/digits.onnx: .*99"),
        ({"stage": {"output": {"type": "Classification", "labels": ["a", "b"]}}}, r"10 classes, output.labels names 2"),
        ({"model": None}, r"model configmap://digits-model/digits.onnx: the runtime must provide the file"),
    ],
)
def test_an_unusable_model_is_refused_in_one_line_with_the_stage(
    stage: Stage, change: dict[str, object], complaint: str
) -> None:
    digits = stage(**change)
    check = run("check", "--settings", str(digits.file))
    start = run("run", "--settings", str(digits.file), "--port", "0")
    assert (check.returncode, start.returncode) == (2, 2)
    assert len(check.stderr.splitlines()) == 1
    assert re.match(rf'stage "classify": .*{complaint}', check.stderr)
    assert check.stderr.strip() == start.stderr.splitlines()[-1]


def test_a_good_model_passes_the_check(stage: Stage) -> None:
    digits = stage(stage={"model": {"uri": f"file:{MODEL}"}}, model=None)
    check = run("check", "--settings", str(digits.file))
    assert (check.returncode, check.stderr, check.stdout) == (0, "", "")


def test_it_writes_how_the_model_would_run(stage: Stage, tmp_path: Path) -> None:
    digits = stage(stage={"execution": {"provider": "Cuda"}, "resources": {"limits": {"nvidia.com/gpu": 1}}})
    done = run("execution", "--settings", str(digits.file), "--to", str(tmp_path / "report"))
    assert (done.returncode, done.stderr) == (0, "")
    assert (
        tmp_path / "report"
    ).read_text() == "Cpu Float32: the worker image has no CUDA: use the GPU build of the image\n"


def test_a_port_in_use_is_reported_by_the_worker_in_one_line(stage: Stage) -> None:
    digits = stage()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        start = run("run", "--settings", str(digits.file), "--port", str(port))
    assert start.returncode == 1
    assert start.stderr.splitlines()[-1] == (
        f"port {port} of 127.0.0.1: Address already in use: choose another with --port"
    )
