"""ONNX Runtime sends no telemetry."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.processes
@pytest.mark.parametrize("module", ["darkroom_vision.model.session", "darkroom_inference.process.worker"])
def test_no_telemetry_session_is_started(module: str, tmp_path: Path) -> None:
    """With telemetry the library writes the file `.ses` to the temporary folder as soon as it is loaded."""
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    command = [sys.executable, "-c", f"import sys, {module}; assert 'onnxruntime' in sys.modules"]
    subprocess.run(command, env={**environment, "TMPDIR": str(tmp_path)}, check=True)
    assert list(tmp_path.iterdir()) == []
