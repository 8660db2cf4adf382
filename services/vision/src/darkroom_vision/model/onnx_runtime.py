"""ONNX Runtime with its telemetry off: its official wheels send data about models and their use to Microsoft."""

import os

# It is read when the library is loaded. A value that the user has set wins.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as runtime_errors

__all__ = ["onnxruntime", "runtime_errors"]
