"""What the tests of the console rely on: a page that reports errors, and a gallery whose workers analyse images."""

import pytest
from playwright.sync_api import Browser

from tests.support.browser.watched import watched_page
from tests.support.services.console import SAMPLES, Gallery
from tests.support.services.ingestion import accepted, document
from tests.support.until import until

BLOCKED = """<meta http-equiv="Content-Security-Policy" content="default-src 'none'"><script>alert(1)</script>"""


@pytest.mark.parametrize(
    ("page", "error"),
    [
        ("<script>console.error('broken')</script>", "broken"),
        ("<script>missing()</script>", "ReferenceError"),
        (BLOCKED, "Content Security Policy"),
    ],
)
def test_an_error_of_a_page_fails_its_test(browser: Browser, page: str, error: str) -> None:
    with pytest.raises(AssertionError, match=error), watched_page(browser) as watched:
        watched.page.set_content(page)


def test_the_workers_of_the_gallery_analyse_images(gallery: Gallery) -> None:
    image = accepted(gallery.service, gallery.objects, next((SAMPLES / "objects").iterdir()).read_bytes())
    state = until(lambda: document(gallery.service, gallery.objects, image["id"])["results"], "analysed")
    assert {box["label"] for box in state[0]["predictions"]} <= {"animal", "flower", "fruit", "vehicle"}
