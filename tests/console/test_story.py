"""The whole story of an image that fails and is analysed in the end, as somebody sees it in the console."""

import re
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from playwright.sync_api import Page, expect

from tests.support.browser.watched import Watched
from tests.support.services.console import Gallery
from tests.support.services.console_images import SCENES

OpenPage = Callable[..., Watched]


def go(page: Page, screen: str) -> None:
    page.get_by_role("navigation", name="Pipeline").get_by_role("link", name=screen).click()
    expect(page.get_by_role("heading", name=screen, level=1)).to_be_visible()


def test_an_image_is_sent_fails_is_redriven_and_is_analysed(
    gallery: Gallery, watched: OpenPage, tmp_path: Path
) -> None:
    """The worker fails once on an image that contains SHAKY."""
    wall = watched().page
    wall.goto(f"{gallery.url}/p/gallery/objects/live")
    expect(wall.get_by_role("main").get_by_text("Live", exact=True).nth(1)).to_be_visible()

    page = watched().page
    page.goto(f"{gallery.url}/p/gallery/objects/submit")
    file = tmp_path / f"{uuid4().hex}.jpg"
    file.write_bytes(SCENES[0] + b"SHAKY" + uuid4().bytes)
    page.locator("input[type=file]").first.set_input_files(file)
    link = page.get_by_role("listitem").filter(has_text=file.name).get_by_role("link").first
    expect(page.get_by_text("InferenceError").first).to_be_visible()
    address = link.get_attribute("href")
    assert address is not None
    image_id = address.rpartition("/")[2]

    expect(wall.locator(f"a[href$='{image_id}']")).to_contain_text("InferenceError")
    wall.locator(f"a[href$='{image_id}']").click()
    expect(wall.get_by_text("the model can't yet").first).to_be_visible()

    go(page, "Dead letters")
    page.get_by_role("button", name=re.compile(r"^InferenceError \d+$")).click()
    letter = page.locator("ul[aria-label='Dead letters'] li", has_text="the model can't yet").first
    letter.get_by_role("button").click()
    page.get_by_role("button", name="Redrive", exact=True).click()
    dialog = page.get_by_role("dialog", name="Redrive one image")
    expect(dialog.get_by_text("1 image", exact=True)).to_be_visible()
    dialog.get_by_role("button", name="Redrive").click()
    expect(page.get_by_role("region", name="Redrives").get_by_text("1 of 1").first).to_be_visible()

    page.get_by_role("link", name="Image and trace").click()
    expect(page).to_have_url(re.compile(image_id))
    expect(page.get_by_text("Analysed", exact=True).first).to_be_visible()
    expect(page.get_by_text("Redriven").first).to_be_visible()
