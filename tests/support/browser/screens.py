"""The screens of the console, for checks and pictures of each."""

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Page, expect

from tests.support.until import until

_WEBP_QUALITY = 82
_IMAGES_ARE_LOADED = """
[...document.images].every((image) => image.complete || image.getBoundingClientRect().top > innerHeight)
"""


_NEXT_FRAME = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


@dataclass(frozen=True)
class Screen:
    """A screen; `complete` finds an element that it has when it is complete. `{image}` is an id."""

    name: str
    path: str
    complete: str

    def open(self, page: Page, url: str, image: str) -> None:
        """Show it, and wait until it is complete."""
        page.goto(url + self.path.format(image=image))
        expect(page.locator(self.complete).first).to_be_visible()


SCREENS = [
    Screen("pipelines", "/", "text=dead letters >> nth=1"),
    Screen("live", "/p/gallery/objects/live", "main li canvas >> nth=11"),
    Screen("first-run", "/p/gallery/unused/live", "text=No image yet"),
    Screen("explore", "/p/gallery/objects/explore", "ul[aria-label=Images] img >> nth=5"),
    Screen("explore-rows", "/p/gallery/objects/explore?view=rows", "ul[aria-label=Images] img >> nth=5"),
    Screen("image", "/p/gallery/objects/images/{image}", "text=Analysed"),
    Screen("dead-letters", "/p/gallery/objects/dead-letters", "ul[aria-label='Dead letters'] img >> nth=1"),
    Screen("overview", "/p/gallery/digits/overview", "text=embed p95"),
    Screen("overview-without-workers", "/p/gallery/receipts/overview", "text=Partitions"),
    Screen("submit", "/p/gallery/objects/submit", "text=Choose pictures"),
    Screen("not-found", "/p/gallery/objects/nothing", "text=There is no such page"),
]


def show_theme(page: Page, theme: Literal["light", "dark"]) -> None:
    """Show a theme, as if the system had changed to it, until nothing has colours of the one before."""
    page.emulate_media(color_scheme=theme)
    page.evaluate(_NEXT_FRAME)


def write_picture(page: Page, file: Path) -> None:
    """Write what is in view as WebP, once its images are loaded."""
    until(lambda: page.evaluate(_IMAGES_ARE_LOADED), "all images in view are loaded")
    Image.open(BytesIO(page.screenshot())).save(file, quality=_WEBP_QUALITY, method=6)
