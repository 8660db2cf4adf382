"""What clients and models can send to harm the browser: markup in labels, huge results, files of two types at once."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser.watched import Watched
from tests.support.services.console import Gallery
from tests.support.services.console_images import SCENES, send, until_state
from tests.support.services.ingestion import JPEG

OpenPage = Callable[..., Watched]
MARKUP = """<img src=x onerror="document.title='hacked'"><script>document.title='hacked'</script>"""
TURNED = "abcdefgh\u202egnp.exe\u0000"
"""A label that ends with a character that turns the direction of the text, and a zero."""
BOXES = 4_000


def unharmed(page: Page) -> None:
    assert page.title() != "hacked"
    assert page.evaluate("document.querySelectorAll('main script, main iframe, main object').length") == 0


@pytest.mark.parametrize("label", [MARKUP, TURNED, "x" * 5_000], ids=["markup", "turned", "long"])
def test_a_label_is_text_and_nothing_else(gallery: Gallery, watched: OpenPage, label: str) -> None:
    pipeline = gallery.receipts
    (image,) = send(gallery, pipeline, [JPEG], uuid4().hex)
    for stage in pipeline.stages:
        pipeline.analyze(image, stage=stage, label=label)
    until_state(gallery, pipeline, image["id"], "Analyzed")
    page = watched().page
    for screen in ("live", "explore", "explore?view=rows", f"images/{image['id']}", "overview"):
        page.goto(f"{gallery.url}/p/gallery/receipts/{screen}")
        if screen != "overview":
            expect(page.get_by_text(label[:8]).first).to_be_attached()
        unharmed(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), screen


def test_a_result_with_thousands_of_boxes_is_shown(gallery: Gallery, watched: OpenPage) -> None:
    pipeline = gallery.receipts
    (image,) = send(gallery, pipeline, SCENES[:1], uuid4().hex)
    boxes = [
        {
            "label": f"label {n % 900}",
            "index": n % 900,
            "score": 0.9,
            "box": {"x": n % 300, "y": n % 200, "width": 9, "height": 9},
        }
        for n in range(BOXES)
    ]
    for stage in pipeline.stages:
        pipeline.analyze_many(
            [image], stage=stage, predictions=boxes, image={"width": 320, "height": 240, "format": "jpeg"}
        )
    until_state(gallery, pipeline, image["id"], "Analyzed")
    page = watched().page
    page.goto(f"{gallery.url}/p/gallery/receipts/images/{image['id']}")
    expect(page.locator("figure canvas").first).to_be_visible()
    page.goto(f"{gallery.url}/p/gallery/receipts/explore")
    expect(page.locator(f"a[href*='{image['id']}']").first).to_be_visible()


def test_a_file_that_is_an_image_and_a_page_is_only_an_image(gallery: Gallery, watched: OpenPage) -> None:
    comment = b"<html><script>document.title='hacked'</script><body onload=\"document.title='hacked'\">"
    polyglot = JPEG[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + JPEG[2:]
    pipeline = gallery.receipts
    (image,) = send(gallery, pipeline, [polyglot], uuid4().hex)
    opened = watched()
    opened.expect_error("inline style|Blocked script execution")  # of the browser's own page around the image
    page = opened.page
    answer = page.goto(f"{gallery.url}{pipeline.path}/images/{image['id']}/content")
    assert answer is not None
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert page.evaluate("document.contentType") == "image/jpeg"
    unharmed(page)
    page.goto(f"{gallery.url}/p/gallery/receipts/images/{image['id']}")
    expect(page.locator("figure img").first).to_be_visible()
    unharmed(page)
