"""Checks the model of every stage with the worker's code, before any image is accepted."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from darkroom_cli.exit_codes import InvalidInput
from darkroom_cli.processes import modules
from darkroom_cli.processes.child import Child, how_it_ended, last_lines
from darkroom_cli.runner.plan import StageRun
from darkroom_cli.runner.supervised import Supervised

_TIMEOUT_S = 900.0
"""Long, because a large model may have to be downloaded."""


async def check_models(
    workers: Sequence[Supervised], without_workers: Sequence[tuple[StageRun, Path]], logs: Path, at_a_time: int
) -> None:
    """Wait until all held workers have loaded their models, and check those of stages without workers.

    Args:
        workers: started, and held.
        without_workers: the stages with their settings files, checked `at_a_time` at a time.
        logs: the folder for the logs of the checks.
        at_a_time: the number of checks that run at the same time.

    Raises:
        InvalidInput: models can't be used; the message has one line per stage.
    """
    turns = asyncio.Semaphore(at_a_time)
    answers = await asyncio.gather(
        *(_problem_of_worker(worker) for worker in workers),
        *(_problem(stage, settings, logs, turns) for stage, settings in without_workers),
    )
    # Several workers of a stage have the same problem.
    problems = list(dict.fromkeys(answer for answer in answers if answer is not None))
    if problems:
        raise InvalidInput("\n".join(problems))


async def _problem_of_worker(worker: Supervised) -> str | None:
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            reason = await worker.why_not_loaded()
    except TimeoutError:
        return f"{worker.service.name}: the model could not be loaded within {_TIMEOUT_S:.0f} s"
    return None if reason is None else f"{worker.service.pipeline}: {reason}"


async def _problem(stage: StageRun, settings: Path, logs: Path, turns: asyncio.Semaphore) -> str | None:
    log = logs / f"{settings.stem}-check.log"
    log.unlink(missing_ok=True)
    async with turns:
        child = Child(modules.WORKER, ("check", "--settings", str(settings)), log, stage.environment)
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
