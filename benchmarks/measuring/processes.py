"""CPU time and memory of processes, from /proc."""

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_s(pid: int) -> float:
    """Seconds of CPU that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def memory_mb(pid: int) -> float:
    """Resident memory of a process in MB, with its share of pages that other processes have too (PSS)."""
    return _field(f"/proc/{pid}/smaps_rollup", "Pss:")


def most_memory_mb(pid: int) -> float:
    """Peak memory of a process in MB."""
    return _field(f"/proc/{pid}/status", "VmHWM:")


def _field(file: str, name: str) -> float:
    lines = Path(file).read_text(encoding="utf-8").splitlines()
    (kib,) = (int(line.split()[1]) for line in lines if line.startswith(name))
    return kib * 1024 / 1e6
