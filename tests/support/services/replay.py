"""A replay of a stage as a process: `python -m darkroom_inference replay`."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import psutil

from darkroom.processes.parent_death import ending_with_us
from tests.support.services.stage import TriedStage
from tests.support.until import until

_TIMEOUT_S = 150.0


class ReplayProcess:
    """One run of a replay."""

    def __init__(
        self,
        stage: TriedStage,
        *arguments: str,
        generation: str = "again",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.generation = generation
        self.group = f"{stage.settings.consumer_group}.replay.{generation}"
        self._log = stage.file.with_name(f"replay-{uuid4().hex[:8]}.log")
        self._out = self._log.with_suffix(".out")
        command = [
            *(sys.executable, "-m", "darkroom_inference", "replay", "--settings", str(stage.file), "--port", "0"),
            *("--generation", generation, "--report-every", "0.2", *arguments),
        ]
        with self._log.open("wb") as log, self._out.open("wb") as out:
            self.process = subprocess.Popen(
                ending_with_us(command), stdout=out, stderr=log, env={**os.environ, **(environment or {})}
            )

    def said(self) -> list[dict[str, Any]]:
        """The reports so far."""
        return [json.loads(line) for line in self._out.read_text().splitlines(keepends=True) if line.endswith("\n")]

    @property
    def log(self) -> str:
        return self._log.read_text()

    def done(self, timeout_s: float = _TIMEOUT_S) -> dict[str, Any]:
        """Wait for the end. Returns the last report."""
        code = self.process.wait(timeout_s)
        assert code == 0, f"exit code {code}: {self.log}"
        return self.said()[-1]

    def until_analyzed(self, images: int) -> None:
        """Wait until `images` images are analysed."""

        def enough() -> bool:
            assert self.process.poll() is None, self.log
            return any(report.get("analyzed", 0) >= images for report in self.said())

        until(enough, f"{images} images analysed again", 90)

    def kill(self) -> None:
        """Send SIGKILL. The worker processes end too."""
        workers = psutil.Process(self.process.pid).children(recursive=True)
        self.process.kill()
        self.process.wait()
        psutil.wait_procs(workers, 20)

    def end(self) -> int:
        """Send SIGTERM and wait. Returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def close(self) -> None:
        """End the process."""
        if self.process.poll() is None:
            self.kill()
