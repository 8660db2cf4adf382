"""Tasks of a page's main thread, from a trace of Chromium."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import Browser, Page

from benchmarks.measuring.report import Figure, Limit

_LONG_MS = 50.0
_TASKS = "disabled-by-default-devtools.timeline"


@dataclass
class Tasks:
    """How long the tasks took, in ms: by the clock, and of a core, which does not depend on other programs."""

    clock_ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)


@contextmanager
def traced(browser: Browser, page: Page) -> Iterator[Tasks]:
    """The tasks of the block, once it has ended."""
    tasks = Tasks()
    browser.start_tracing(page=page, categories=[_TASKS])
    try:
        yield tasks
    finally:
        events = json.loads(browser.stop_tracing())["traceEvents"]
    main_threads = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    for event in events:
        # The one that runs when the trace ends has no duration.
        if event["name"] == "RunTask" and "dur" in event and (event["pid"], event["tid"]) in main_threads:
            tasks.clock_ms.append(event["dur"] / 1_000)
            tasks.cpu_ms.append(event.get("tdur", event["dur"]) / 1_000)


def task_figures(of: str, tasks: Tasks) -> list[Figure]:
    """How many tasks were long, and the longest."""
    long = float(sum(ms > _LONG_MS for ms in tasks.cpu_ms))
    return [
        Figure(what=f"{of}: tasks over 50 ms of a core", unit="tasks", values=[long], limit=Limit(at_most=0)),
        Figure(what=f"{of}: longest task, of a core", unit="ms", values=[max(tasks.cpu_ms)]),
        Figure(what=f"{of}: longest task, by the clock", unit="ms", values=[max(tasks.clock_ms)]),
    ]
