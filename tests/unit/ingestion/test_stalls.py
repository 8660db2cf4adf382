"""What is said of a blocked event loop."""

import asyncio
import threading

from structlog.testing import capture_logs

from darkroom_ingestion.stalls import stalls_reported
from tests.support.until import until


def test_a_blocked_event_loop_is_reported_with_the_code_that_blocks_it() -> None:
    def block(until_reported: threading.Event) -> None:
        assert until_reported.wait(30)

    async def run() -> None:
        reported = threading.Event()
        with stalls_reported(limit_s=0.05):
            watching = threading.Thread(target=lambda: until(lambda: logs, "a report") and reported.set())
            watching.start()
            block(reported)
            await asyncio.to_thread(watching.join)
            await asyncio.to_thread(until, lambda: len(logs) > 1, "a report of its end")

    with capture_logs() as logs:
        asyncio.run(run())
    assert [entry["event"] for entry in logs] == ["the event loop is blocked", "the event loop runs again"]
    assert "in block\n" in logs[0]["stack"]


def test_an_event_loop_that_runs_is_not_reported() -> None:
    async def run() -> None:
        with stalls_reported(limit_s=1.0):
            for _ in range(5):
                await asyncio.sleep(0.01)

    with capture_logs() as logs:
        asyncio.run(run())
    assert logs == []
