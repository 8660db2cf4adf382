"""Asking the workers' own code whether a stage's model will do, before any image is taken."""

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from darkroom_cli.exit_codes import InvalidInput
from darkroom_cli.runner.child import TRAMPOLINE, how_it_ended
from darkroom_cli.runner.plan import StageRun

WORKER_MODULE = "darkroom_inference"
_TIMEOUT_S = 900.0
"""A model may come over the network, and be large."""


async def check_models(stages: Sequence[tuple[StageRun, Path]], at_a_time: int) -> None:
    """Check each stage's model against its settings file.

    Raises:
        InvalidInput: with a line for every stage whose model will not do.
    """
    turns = asyncio.Semaphore(at_a_time)
    answers = await asyncio.gather(*(_problem(stage, settings, turns) for stage, settings in stages))
    problems = [answer for answer in answers if answer is not None]
    if problems:
        raise InvalidInput("\n".join(problems))


async def _problem(stage: StageRun, settings: Path, turns: asyncio.Semaphore) -> str | None:
    async with turns:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", str(TRAMPOLINE), str(os.getpid())),
            *(sys.executable, "-P", "-m", WORKER_MODULE, "check", "--settings", str(settings)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **stage.environment},
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                _, said = await process.communicate()
        except TimeoutError:
            return f"{stage.title}: the model could not be checked within {_TIMEOUT_S:.0f} s"
        finally:
            if process.returncode is None:
                process.kill()
    if process.returncode == 0:
        return None
    lines = [line for line in said.decode(errors="replace").splitlines() if line.strip()]
    reason = lines[-1].strip() if lines else f"the check ended with {how_it_ended(process.returncode or 0)}"
    return f"{stage.settings.namespace}/{stage.settings.pipeline}: {reason}"
