"""Explore in Chromium with many results in the store: whether it is smooth, and how soon it shows rows."""

import tempfile
import time
from contextlib import closing
from itertools import count
from pathlib import Path

from playwright.sync_api import Page, Route

from benchmarks.console.tasks import task_figures, traced
from benchmarks.console.wall import heap_mb
from benchmarks.ingestion.servers import ingestion
from benchmarks.ingestion.target import broker, target
from benchmarks.measuring.report import Figure, Limit
from benchmarks.store.log import PIPELINE, Batches, Results, assign, images
from darkroom_ingestion.store.opening import open_database
from darkroom_ingestion.store.writing.writes import write_batch
from darkroom_ingestion.thumbnails.render import thumbnail
from tests.support.browser.chromium import chromium
from tests.support.browser.watched import watched_page
from tests.support.services.console_images import SCENES

_AT_ONCE = 20_000
_WHEELS, _WHEEL_PX, _WHEEL_MS = 100, 1_200, 30
_PLACES = [0.9, 0.1, 0.5, 0.25, 0.75, 0.02]
"""Where the scrubber is clicked."""
_ENDS = 10
_FIRST = "ul[aria-label=Images] a"
_SMOKE = 1
"""How many wheels, places and ends in the short form: its trace is read for most of its time."""
_FRAMES = """
window.late = 0;
let before = performance.now();
const frame = (now) => { if (now - before > 50) late += 1; before = now; requestAnimationFrame(frame); };
requestAnimationFrame(frame);
"""


def measure_rows(results: int, *, smoke: bool) -> list[Figure]:
    """Fill a store with `results` and as many images, and scroll through them."""
    with tempfile.TemporaryDirectory(prefix="darkroom-bench-") as name, broker() as address:
        url = f"sqlite:///{name}/full.db"
        _fill(url, results)
        at = target(address, max_bytes="100Ki")
        with (
            ingestion(at, Path(name), 1, database=url) as server,
            chromium() as browser,
            watched_page(browser, motion="full") as watched,
        ):
            page = watched.page
            _serve_thumbnails(page)
            page.add_init_script(_FRAMES)
            screens = f"http://127.0.0.1:{server.port}/p/{PIPELINE}"
            page.goto(f"{screens}/submit")  # the first page of a host is shown by a new process, which has no trace
            with traced(browser, page) as tasks:
                shown = {"open": [_until_shown(page, lambda: page.goto(f"{screens}/explore"))]}
                nodes = [_nodes(page)]
                for _ in range(_SMOKE if smoke else _WHEELS):
                    page.mouse.move(640, 500)
                    page.mouse.wheel(0, _WHEEL_PX)
                    page.wait_for_timeout(_WHEEL_MS)
                nodes.append(_nodes(page))
                shown["scroll"] = [_until_shown(page)]
                page.locator(_FIRST).first.focus()
                shown["End"] = [
                    _until_shown(page, lambda: page.keyboard.press("End")) for _ in range(_SMOKE if smoke else _ENDS)
                ]
                nodes.append(_nodes(page))
                shown["Home"] = [_until_shown(page, lambda: page.keyboard.press("Home"))]
                places = _PLACES[:_SMOKE] if smoke else _PLACES
                shown["scrubber"] = [_until_shown(page, lambda place=place: _scrub(page, place)) for place in places]
                nodes.append(_nodes(page))
                late = float(page.evaluate("late"))
            heap = heap_mb(page.context.new_cdp_session(page))
    of = f"Explore, {results:,} results"
    return [
        *task_figures(of, tasks),
        Figure(what=f"{of}: frames later than 50 ms, by the clock", unit="frames", values=[late]),
        *(Figure(what=f"{of}: rows shown after {how}", unit="s", values=values) for how, values in shown.items()),
        Figure(what=f"{of}: elements in the page", unit="", values=nodes, limit=Limit(at_most=2_000)),
        Figure(what=f"{of}: heap at the end", unit="MB", values=[heap]),
    ]


def _fill(url: str, results: int) -> None:
    log, batches = Results(replay_from=results), Batches()
    with closing(open_database(url)) as database:
        assign(database)
        for start in range(0, results, _AT_ONCE):
            number = min(_AT_ONCE, results - start)
            for messages in (images(range(start, start + number)), log.messages(start, number)):
                for batch in batches.of(messages):
                    write_batch(database, batch)
            print(f"{start + number:,} of {results:,} results", flush=True)


def _serve_thumbnails(page: Page) -> None:
    """Answer requests for thumbnails, whose images are not in the log: the benchmark is about the page."""
    made, number = [thumbnail(file, 320) for file in SCENES], count()

    def fulfill(route: Route) -> None:
        route.fulfill(body=made[next(number) % len(made)], content_type="image/webp")

    page.route("**/thumbnail?*", fulfill)


def _until_shown(page: Page, act: object = None) -> float:
    """Do something. Returns the seconds until everything in view is there."""
    started = time.perf_counter()
    if callable(act):
        act()
    page.locator(_FIRST).first.wait_for()
    page.wait_for_function(_COMPLETE)
    took_s = time.perf_counter() - started
    print(f"rows shown after {took_s:.2f} s", flush=True)
    return took_s


_COMPLETE = """
() => [...document.querySelectorAll("ul[aria-label=Images] li")].some((one) => one.querySelector("a"))
   && [...document.querySelectorAll("ul[aria-label=Images] li")].every((one) => {
        const box = one.getBoundingClientRect();
        return box.bottom < 0 || box.top > innerHeight || one.querySelector("a");
      })
"""


def _scrub(page: Page, place: float) -> None:
    box = page.locator("figure [role=img]").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * place, box["y"] + box["height"] / 2)


def _nodes(page: Page) -> float:
    return float(page.evaluate("document.querySelectorAll('*').length"))
