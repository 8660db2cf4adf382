"""Every screen in both themes, at the width of a desktop and of a phone: without errors, and accessible.

With DARKROOM_SCREENSHOTS=FOLDER it also writes pictures of them. Those of the documents are in docs/images/console.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.support.browser.accessibility import violations
from tests.support.browser.watched import DESKTOP, PHONE, Watched
from tests.support.services.console import Gallery
from tests.support.services.console_images import DIGITS, SCENES, send, send_and_wait
from tests.support.until import until

SIZES = {"desktop": DESKTOP, "phone": PHONE}
WEBP_QUALITY = 82
IMAGES_ARE_LOADED = """
[...document.images].every((image) => image.complete || image.getBoundingClientRect().top > innerHeight)
"""


@dataclass(frozen=True)
class Screen:
    """A screen; `complete` finds an element that it has when it is complete."""

    name: str
    path: str
    complete: str


SCREENS = [
    Screen("pipelines", "/", "text=Flowing >> nth=1"),
    Screen("live", "/p/gallery/objects/live", "main li canvas >> nth=11"),
    Screen("first-run", "/p/gallery/unused/live", "text=No image yet"),
    Screen("explore", "/p/gallery/objects/explore", "ul[aria-label=Images] img >> nth=11"),
    Screen("explore-rows", "/p/gallery/objects/explore?view=rows", "ul[aria-label=Images] img >> nth=5"),
    Screen("image", "/p/gallery/objects/images/{image}", "text=Analysed"),
    Screen("overview", "/p/gallery/digits/overview", "text=embed p95"),
    Screen("overview-without-workers", "/p/gallery/receipts/overview", "text=Partitions"),
    Screen("submit", "/p/gallery/objects/submit", "text=Choose pictures"),
    Screen("not-found", "/p/gallery/objects/nothing", "text=There is no such page"),
]


@pytest.fixture(scope="module")
def image_id(gallery: Gallery) -> str:
    """An image with boxes. There are others, which some stages could not analyse."""
    send(gallery, gallery.objects, [SCENES[2] + b"RAISE", SCENES[4] + b"RAISE", SCENES[0][:4_000]])
    send(gallery, gallery.digits, DIGITS, media_type="image/png")
    image_id: str = send_and_wait(gallery, gallery.objects, SCENES, key="camera-7")[3]["id"]
    return image_id


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.name)
def test_a_screen_is_accessible_in_both_themes(
    gallery: Gallery, watched: Callable[..., Watched], image_id: str, screen: Screen, size: str
) -> None:
    opened = watched(size=SIZES[size])
    opened.expect_error(r"415 .*/thumbnail")  # a file that is cut off has none
    page = opened.page
    page.goto(gallery.url + screen.path.format(image=image_id))
    expect(page.locator(screen.complete).first).to_be_visible()
    for theme in ("light", "dark") if size == "desktop" else ("light",):
        page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        write_picture(page, f"{screen.name}-{size}-{theme}")
        assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it is wider than the window"


def write_picture(page: Page, name: str) -> None:
    """Write what is in view as WebP, if pictures are wanted."""
    if folder := os.environ.get("DARKROOM_SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        until(lambda: page.evaluate(IMAGES_ARE_LOADED), "all images in view are loaded")
        Image.open(BytesIO(page.screenshot())).save(Path(folder) / f"{name}.webp", quality=WEBP_QUALITY, method=6)
