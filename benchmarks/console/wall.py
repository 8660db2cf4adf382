"""A wall of live images: how soon it shows something, whether it stays smooth, and whether it keeps memory."""

import statistics
import time
from collections.abc import Sequence

from playwright.sync_api import Browser, CDPSession

from benchmarks.console.load import boxes, steady_load
from benchmarks.console.tasks import task_figures, traced
from benchmarks.measuring.report import Figure, Limit
from darkroom_cli.local_kafka import LocalKafka
from tests.support.browser.chromium import chromium
from tests.support.browser.watched import watched_page
from tests.support.services.console import Gallery, GalleryToShare
from tests.support.services.console_images import SCENES, send_and_wait

_RATE = 50
_WARM_UP_S = 15.0
_TRACED_S = 60.0
_SMOKE_S = 1.0
_EVERY_S = 120.0
"""How often the heap is measured."""
_WALL = "main li canvas >> nth=11"
_OBSERVE = """
window.paint = 0;
new PerformanceObserver((list) => { paint = list.getEntries().at(-1).startTime; })
  .observe({type: "largest-contentful-paint", buffered: true});
"""
_PAINTED_MS = 2_000


def measure_wall(rounds: int, minutes: float, *, smoke: bool) -> list[Figure]:
    """Start a service with images, and look at it for so many minutes."""
    kafka = LocalKafka()
    kafka.start()
    gallery = GalleryToShare(lambda: kafka.bootstrap_servers)
    try:
        return _figures(Gallery(**gallery.start()), rounds, _SMOKE_S if smoke else minutes * 60, smoke=smoke)
    finally:
        gallery.stop()
        kafka.stop()


def _figures(gallery: Gallery, rounds: int, seconds: float, *, smoke: bool) -> list[Figure]:
    send_and_wait(gallery, gallery.objects, SCENES)
    with chromium() as browser:
        paints = [_paint_s(browser, gallery) for _ in range(rounds)]
        with (
            watched_page(browser, motion="full") as watched,
            steady_load(gallery.url, gallery.receipts, SCENES, _RATE, boxes) as load,
        ):
            page = watched.page
            page.goto(f"{gallery.url}/p/gallery/receipts/live")
            session = page.context.new_cdp_session(page)
            page.wait_for_timeout((_SMOKE_S if smoke else _WARM_UP_S) * 1_000)
            with traced(browser, page) as tasks:
                page.wait_for_timeout((_SMOKE_S if smoke else _TRACED_S) * 1_000)
            heap, times, sent, started = [heap_mb(session)], [0.0], load.sent, time.monotonic()
            while (left := started + seconds - time.monotonic()) > 0:
                page.wait_for_timeout(min(left, _EVERY_S) * 1_000)
                heap.append(heap_mb(session))
                times.append(time.monotonic() - started)
                print(f"{load.sent - sent:,} images in {times[-1]:.0f} s: {heap[-1]:.2f} MB", flush=True)
            rate = (load.sent - sent) / (time.monotonic() - started)
    return [
        Figure(what="largest contentful paint, cold cache", unit="s", values=paints, limit=Limit(at_most=1.0)),
        Figure(what="images a second on the wall", unit="images/s", values=[rate]),
        *task_figures("wall", tasks),
        Figure(what="heap after a collection, every two minutes", unit="MB", values=heap),
        Figure(
            what=f"growth of the heap in {seconds / 60:.1f} min",
            unit="of it",
            values=[_growth(times, heap)],
            limit=Limit(at_most=0.1),
        ),
    ]


def _growth(times: Sequence[float], heap: Sequence[float]) -> float:
    """How much the line through the values rises, of its beginning. Two values in turn differ by up to 8 %."""
    line = statistics.linear_regression(times, heap)
    return line.slope * (times[-1] - times[0]) / (line.intercept + line.slope * times[0])


def _paint_s(browser: Browser, gallery: Gallery) -> float:
    """The largest contentful paint of the wall, in a context of its own, whose cache is empty."""
    with watched_page(browser) as watched:
        page = watched.page
        page.add_init_script(_OBSERVE)
        page.goto(f"{gallery.url}/p/gallery/objects/live")
        page.locator(_WALL).wait_for()
        page.wait_for_timeout(_PAINTED_MS)
        return float(page.evaluate("paint")) / 1_000


def heap_mb(session: CDPSession) -> float:
    """The heap of a page after a collection."""
    session.send("HeapProfiler.collectGarbage")
    return float(session.send("Runtime.getHeapUsage")["usedSize"]) / 1e6
