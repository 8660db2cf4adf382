"""The web console in Chromium: how soon it shows something, whether it stays smooth, and whether it keeps memory.

A wall of live images gets 50 answered images a second. A task is what the page's thread does without a pause: one of
more than 50 ms is felt as a stutter. Tasks are from a trace of a minute. The heap is measured after a collection.
"""

import argparse
import time

from playwright.sync_api import Browser, CDPSession

from benchmarks.console.load import boxes, steady_load
from benchmarks.console.tasks import traced
from benchmarks.measuring.command import parser_of, run
from benchmarks.measuring.machine import Machine
from benchmarks.measuring.report import Figure, Limit, Report
from darkroom_cli.local_kafka import LocalKafka
from tests.support.browser.chromium import chromium
from tests.support.browser.watched import watched_page
from tests.support.services.console import Gallery, GalleryToShare
from tests.support.services.console_images import SCENES, send_and_wait

_RATE = 50
_WARM_UP_S = 15.0
_TRACED_S = 60.0
_LONG_MS = 50.0
_WALL = "main li canvas >> nth=11"
_OBSERVE = """
window.paint = 0;
new PerformanceObserver((list) => { paint = list.getEntries().at(-1).startTime; })
  .observe({type: "largest-contentful-paint", buffered: true});
"""
_PAINTED_MS = 2_000


def main() -> None:
    """Measure and report."""
    parser = parser_of(__doc__, rounds=3)
    parser.add_argument("--minutes", type=float, default=5.0, help="of live images (%(default)s)")
    run(parser, measure)


def measure(options: argparse.Namespace, machine: Machine) -> Report:
    """Start a service, and look at it."""
    seconds, warm_up_s, traced_s = (1.0, 1.0, 3.0) if options.smoke else (options.minutes * 60, _WARM_UP_S, _TRACED_S)
    kafka = LocalKafka()
    kafka.start()
    gallery = GalleryToShare(lambda: kafka.bootstrap_servers)
    try:
        return _report(Gallery(**gallery.start()), options, machine, seconds, warm_up_s, traced_s)
    finally:
        gallery.stop()
        kafka.stop()


def _report(
    gallery: Gallery, options: argparse.Namespace, machine: Machine, seconds: float, warm_up_s: float, traced_s: float
) -> Report:
    send_and_wait(gallery, gallery.objects, SCENES)
    with chromium() as browser:
        paints = [_paint_s(browser, gallery) for _ in range(options.rounds)]
        with (
            watched_page(browser, motion="full") as watched,
            steady_load(gallery.url, gallery.receipts, SCENES, _RATE, boxes) as load,
        ):
            page = watched.page
            page.goto(f"{gallery.url}/p/gallery/receipts/live")
            session = page.context.new_cdp_session(page)
            page.wait_for_timeout(warm_up_s * 1_000)
            with traced(browser, page) as tasks:
                page.wait_for_timeout(traced_s * 1_000)
            first, sent, started = _heap_mb(session), load.sent, time.monotonic()
            page.wait_for_timeout(seconds * 1_000)
            rate = (load.sent - sent) / (time.monotonic() - started)
            growth = _heap_mb(session) / first - 1
    return Report(
        benchmark="console",
        machine=machine,
        smoke=options.smoke,
        figures=[
            Figure(what="largest contentful paint, cold cache", unit="s", values=paints, limit=Limit(at_most=1.0)),
            Figure(what="images a second on the wall", unit="images/s", values=[rate]),
            Figure(
                what="tasks over 50 ms of a core",
                unit="tasks",
                values=[float(sum(ms > _LONG_MS for ms in tasks.cpu_ms))],
                limit=Limit(at_most=0),
            ),
            Figure(what="longest task, of a core", unit="ms", values=[max(tasks.cpu_ms)]),
            Figure(what="longest task, by the clock", unit="ms", values=[max(tasks.clock_ms)]),
            Figure(what="heap after the warm-up", unit="MB", values=[first]),
            Figure(
                what=f"growth of the heap in {seconds / 60:.1f} min",
                unit="of it",
                values=[growth],
                limit=Limit(at_most=0.1),
            ),
        ],
        notes=["Chromium without a GPU, on the cores of the service and the broker"],
    )


def _paint_s(browser: Browser, gallery: Gallery) -> float:
    """The largest contentful paint of the wall, in a context of its own, whose cache is empty."""
    with watched_page(browser) as watched:
        page = watched.page
        page.add_init_script(_OBSERVE)
        page.goto(f"{gallery.url}/p/gallery/objects/live")
        page.locator(_WALL).wait_for()
        page.wait_for_timeout(_PAINTED_MS)
        return float(page.evaluate("paint")) / 1_000


def _heap_mb(session: CDPSession) -> float:
    session.send("HeapProfiler.collectGarbage")
    return float(session.send("Runtime.getHeapUsage")["usedSize"]) / 1e6


if __name__ == "__main__":
    main()
