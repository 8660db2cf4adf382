"""Checks the model of every stage with the worker's code, before any image is accepted."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from darkroom_cli.exit_codes import InvalidInput
from darkroom_cli.processes.child import Child, how_it_ended, last_lines
from darkroom_cli.runner.plan import StageRun

WORKER_MODULE = "darkroom_inference"
_TIMEOUT_S = 900.0
"""Long, because a large model may have to be downloaded."""


async def check_models(stages: Sequence[tuple[StageRun, Path]], logs: Path, at_a_time: int) -> None:
    """Check the models of `stages`, given with their settings files, `at_a_time` at a time.

    Raises:
        InvalidInput: models can't be used; the message has one line per stage.
    """
    turns = asyncio.Semaphore(at_a_time)
    answers = await asyncio.gather(*(_problem(stage, settings, logs, turns) for stage, settings in stages))
    problems = [answer for answer in answers if answer is not None]
    if problems:
        raise InvalidInput("\n".join(problems))


async def _problem(stage: StageRun, settings: Path, logs: Path, turns: asyncio.Semaphore) -> str | None:
    log = logs / f"{settings.stem}-check.log"
    log.unlink(missing_ok=True)
    async with turns:
        child = Child(WORKER_MODULE, ("check", "--settings", str(settings)), log, stage.environment)
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                code = await child.wait()
        except TimeoutError:
            return f"{stage.title}: the model could not be checked within {_TIMEOUT_S:.0f} s"
        finally:
            await child.end()
    if code == 0:
        return None
    said = last_lines(log, 1)
    reason = said[0].strip() if said else f"the check ended with {how_it_ended(code)}"
    return f"{stage.settings.namespace}/{stage.settings.pipeline}: {reason}"
