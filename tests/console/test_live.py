"""The live feed in a browser: one stream for all pages, and pages without shared workers."""

from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser.watched import Watched, watched_page
from tests.support.services.console import Gallery
from tests.support.services.console_images import DIGITS, SCENES, send
from tests.support.services.ingestion import Pipeline
from tests.support.until import until

OpenPage = Callable[..., Watched]
WITHOUT_WORKERS = {
    "missing": "delete window.SharedWorker;",
    "refused": "window.SharedWorker = class { constructor() { throw new DOMException('no', 'SecurityError'); } };",
}


def open_wall(gallery: Gallery, page: Page, pipeline: Pipeline) -> None:
    page.goto(f"{gallery.url}/p/{pipeline.namespace}/{pipeline.name}/live")
    expect(page.get_by_role("main").get_by_text("Live", exact=True).nth(1)).to_be_visible()


def streams(gallery: Gallery) -> float:
    lines = httpx.get(f"{gallery.url}/metrics").text.splitlines()
    return float(next(line for line in lines if line.startswith("darkroom_sse_clients ")).split()[1])


def test_all_pages_of_a_browser_share_one_stream(gallery: Gallery, watched: OpenPage) -> None:
    """Of different pipelines too. A page that opens another one while images come misses nothing."""
    until(lambda: streams(gallery) == 0, "no stream of another test is left")
    wall = watched().page
    open_wall(gallery, wall, gallery.objects)
    second, third = wall.context.new_page(), wall.context.new_page()
    sent = send(gallery, gallery.objects, SCENES[:3])
    open_wall(gallery, second, gallery.digits)
    sent += send(gallery, gallery.objects, SCENES[3:5])
    open_wall(gallery, third, gallery.objects)
    (digit,) = send(gallery, gallery.digits, DIGITS[:1], media_type="image/png")
    until(lambda: streams(gallery) == 1, "all pages share a stream")
    for image in sent:
        expect(wall.locator(f"a[href$='{image['id']}']")).to_have_count(1)
    expect(second.locator(f"a[href$='{digit['id']}']")).to_be_visible()
    # Tests in other processes may have sent more.
    assert int(wall.locator("dl", has_text="seen").locator("dd").first.inner_text()) >= len(sent)

    for page in (second, third, wall):
        page.goto("about:blank")
    until(lambda: streams(gallery) == 0, "the stream ends with the last page")


@pytest.mark.parametrize("missing", WITHOUT_WORKERS.values(), ids=WITHOUT_WORKERS)
def test_a_page_without_shared_workers_has_a_stream_of_its_own(
    gallery: Gallery, browser: Browser, missing: str
) -> None:
    with watched_page(browser) as watched:
        watched.page.add_init_script(missing)
        open_wall(gallery, watched.page, gallery.objects)
        (image,) = send(gallery, gallery.objects, SCENES[:1])
        expect(watched.page.locator(f"a[href$='{image['id']}']")).to_be_visible()
