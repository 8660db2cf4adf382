"""What the machine offers to execution providers: NVIDIA GPUs, and instructions for bfloat16."""

import ctypes
import re
from pathlib import Path

_CPU_INFO = Path("/proc/cpuinfo")
_BFLOAT16 = re.compile(r"^(?:flags|Features)\s*:.*\b(?:avx512_bf16|amx_bf16|bf16)\b", re.MULTILINE)
"""In /proc/cpuinfo: `flags` of x86-64, `Features` of arm64."""


def gpu_problem(driver: str = "libcuda.so.1") -> str | None:
    """Why CUDA has no GPU in this process; None if it has at least one.

    Asks the driver itself, because ONNX Runtime lists CUDA as available even without a driver. CUDA Driver API:
    `cuInit` and `cuDeviceGetCount` return 0 (CUDA_SUCCESS) or an error code.
    """
    try:
        cuda = ctypes.CDLL(driver)
    except OSError:
        return f"there is no NVIDIA driver ({driver})"
    if error := cuda.cuInit(0):
        return f"the NVIDIA driver does not start (cuInit returns {error})"
    count = ctypes.c_int(0)
    if error := cuda.cuDeviceGetCount(ctypes.byref(count)):
        return f"the NVIDIA driver lists no GPUs (cuDeviceGetCount returns {error})"
    return None if count.value else "the NVIDIA driver lists no GPUs"


def has_bfloat16(cpu_info: Path = _CPU_INFO) -> bool:
    """Whether the CPU computes in bfloat16."""
    try:
        return _BFLOAT16.search(cpu_info.read_text(encoding="utf-8", errors="replace")) is not None
    except OSError:
        return False
