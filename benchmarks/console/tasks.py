"""Tasks of a page's main thread, from a trace of Chromium."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import Browser, Page

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
