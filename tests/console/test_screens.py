"""Every screen in both themes, at the width of a desktop and of a phone: without errors, and accessible.

With DARKROOM_SCREENSHOTS=FOLDER it also writes pictures of them; docs/images/console has some.
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

SIZES = {"desktop": DESKTOP, "phone": PHONE}
WEBP_QUALITY = 82


@dataclass(frozen=True)
class Screen:
    """A screen, and a text that it has when it is complete."""

    name: str
    path: str
    complete: str


SCREENS = [
    Screen("overview", "/p/gallery/digits/overview", "embed p95"),
    Screen("overview-without-workers", "/p/gallery/receipts/overview", "Partitions"),
]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.name)
def test_a_screen_is_accessible_in_both_themes(
    gallery: Gallery, watched: Callable[..., Watched], screen: Screen, size: str
) -> None:
    page = watched(size=SIZES[size]).page
    page.goto(gallery.url + screen.path)
    expect(page.get_by_text(screen.complete).first).to_be_visible()
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        write_picture(page, f"{screen.name}-{size}-{theme}")
        assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it is wider than the window"


def write_picture(page: Page, name: str) -> None:
    """Write what is in view as WebP, if pictures are wanted."""
    if folder := os.environ.get("DARKROOM_SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.wait_for_function("[...document.images].every((image) => image.complete)")
        Image.open(BytesIO(page.screenshot())).save(Path(folder) / f"{name}.webp", quality=WEBP_QUALITY, method=6)
