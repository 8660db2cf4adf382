"""What the machine offers to execution providers."""

from pathlib import Path

import pytest

from darkroom_vision.model.devices import gpu_problem, has_bfloat16


def test_a_machine_without_a_driver_has_no_gpu() -> None:
    assert gpu_problem("libnot-there.so.1") == "there is no NVIDIA driver (libnot-there.so.1)"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("flags\t\t: fpu sse2 avx512f avx512_bf16 avx512_fp16", True),
        ("flags\t\t: fpu sse2 amx_bf16 amx_tile", True),
        ("Features\t: fp asimd bf16", True),
        ("flags\t\t: fpu sse2 avx2", False),
        ("model name\t: bf16", False),
    ],
)
def test_bfloat16_is_read_from_the_instructions_of_the_cpu(line: str, expected: bool, tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text(f"processor\t: 0\n{line}\nbugs\t: none\n")
    assert has_bfloat16(tmp_path / "cpuinfo") is expected
    assert not has_bfloat16(tmp_path / "none")
