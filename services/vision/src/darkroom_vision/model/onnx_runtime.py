"""ONNX Runtime with telemetry off. Its official wheels send data about models and their use to Microsoft."""

import os

# Read when the library is loaded. A value that the user has set takes precedence.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as runtime_errors

__all__ = ["onnxruntime", "runtime_errors"]
