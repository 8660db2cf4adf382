"""Tasks of a page's main thread, from a trace of Chromium."""

import json
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, Page

from benchmarks.measuring.report import Figure, Limit

_LONG_MS = 50.0
_TASKS = "disabled-by-default-devtools.timeline"
_COLLECTIONS = "v8"
_COLLECTION_NAMES = {"MajorGC", "MinorGC"}


@dataclass
class Tasks:
    """How long the tasks took, in ms: by the clock, of a core, and of a core without the browser's garbage collections.

    The time of a core depends less on other programs. Collections are a part of tasks of any kind.
    """

    clock_ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    without_collections_ms: list[float] = field(default_factory=list)


@contextmanager
def traced(browser: Browser, page: Page) -> Iterator[Tasks]:
    """The tasks of the block, once it has ended."""
    tasks = Tasks()
    browser.start_tracing(page=page, categories=[_TASKS, _COLLECTIONS])
    try:
        yield tasks
    finally:
        _read(json.loads(browser.stop_tracing())["traceEvents"], tasks)


def _read(events: list[dict[str, Any]], tasks: Tasks) -> None:
    main_threads = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    # The task that runs when the trace ends has no duration.
    of_page = [event for event in events if "dur" in event and (event["pid"], event["tid"]) in main_threads]
    collections = sorted((event["ts"], _cpu_ms(event)) for event in of_page if event["name"] in _COLLECTION_NAMES)
    for task in of_page:
        if task["name"] != "RunTask":
            continue
        first, end = (bisect_left(collections, (at,)) for at in (task["ts"], task["ts"] + task["dur"]))
        tasks.clock_ms.append(task["dur"] / 1_000)
        tasks.cpu_ms.append(_cpu_ms(task))
        tasks.without_collections_ms.append(_cpu_ms(task) - sum(ms for _, ms in collections[first:end]))


def _cpu_ms(event: dict[str, Any]) -> float:
    return float(event.get("tdur", event["dur"])) / 1_000


def task_figures(of: str, tasks: Tasks) -> list[Figure]:
    """How many tasks were long, and the longest."""
    long = float(sum(ms > _LONG_MS for ms in tasks.cpu_ms))
    return [
        Figure(what=f"{of}: tasks over 50 ms of a core", unit="tasks", values=[long], limit=Limit(at_most=0)),
        Figure(what=f"{of}: longest task, of a core", unit="ms", values=[max(tasks.cpu_ms)]),
        Figure(
            what=f"{of}: longest task without garbage collections, of a core",
            unit="ms",
            values=[max(tasks.without_collections_ms)],
        ),
        Figure(what=f"{of}: longest task, by the clock", unit="ms", values=[max(tasks.clock_ms)]),
    ]
