"""The machine that a benchmark ran on."""

import os
import platform
from pathlib import Path

import psutil
from pydantic import BaseModel, ConfigDict

from benchmarks.measuring.stalls import Stalls, stalls


class Machine(BaseModel):
    """The machine, and its load before the benchmark.

    Attributes:
        cores: cores that this process may use.
        load: processes that ran or waited for a core, averaged over the minute before the benchmark.
        stalls: how long its cores stood still just before the benchmark, while they were busy with nothing else.
    """

    model_config = ConfigDict(frozen=True)

    processor: str
    cores: int
    memory_gib: float
    system: str
    python: str
    load: float
    stalls: Stalls | None = None

    @classmethod
    def here(cls, stalls_s: float) -> "Machine":
        """This machine, now. Takes `stalls_s` to find out how long its cores stand still."""
        return cls(
            processor=_processor(),
            cores=len(os.sched_getaffinity(0)),
            memory_gib=round(psutil.virtual_memory().total / 2**30, 1),
            system=f"{platform.system()} {platform.release()}",
            python=platform.python_version(),
            load=round(os.getloadavg()[0], 2),
            stalls=stalls(stalls_s),
        )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
