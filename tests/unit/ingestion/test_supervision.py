"""Failed background tasks are restarted."""

import asyncio

from darkroom_ingestion.metrics import Metrics
from darkroom_ingestion.supervision import Supervisor


def test_a_task_that_fails_or_ends_is_counted_and_started_again() -> None:
    async def run() -> tuple[list[str | None], str]:
        metrics = Metrics()
        supervisor = Supervisor(metrics)
        problems: list[str | None] = []
        third = asyncio.Event()

        async def task() -> None:
            problems.append(supervisor.tasks[0].problem)
            if len(problems) == 1:
                raise OSError(28, "No space left on device")
            if len(problems) == 2:
                return
            third.set()
            await asyncio.Event().wait()

        supervisor.start("catalog", task)
        async with asyncio.timeout(30):
            await third.wait()
        await supervisor.stop()
        assert supervisor.tasks[0].task.done()
        failures = metrics.registry.get_sample_value("darkroom_loop_failures_total", {"loop": "catalog"})
        return problems, str(failures)

    assert asyncio.run(run()) == ([None, "[Errno 28] No space left on device", "it ended"], "2.0")
