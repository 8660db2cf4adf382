"""Every screen in both themes, at the width of a desktop and of a phone: without errors, and accessible."""

from collections.abc import Callable

import pytest

from tests.support.browser.accessibility import violations
from tests.support.browser.screens import SCREENS, Screen, show_theme
from tests.support.browser.watched import DESKTOP, PHONE, Watched
from tests.support.services.console import Gallery
from tests.support.services.console_images import DIGITS, SCENES, send, send_and_wait


@pytest.fixture(scope="module")
def image_id(gallery: Gallery) -> str:
    """An image with boxes. There are others, which some stages could not analyse."""
    send(gallery, gallery.objects, [SCENES[2] + b"RAISE", SCENES[4] + b"RAISE", SCENES[0][:4_000]])
    send(gallery, gallery.digits, DIGITS[:10], media_type="image/png")
    image_id: str = send_and_wait(gallery, gallery.objects, SCENES, key="camera-7")[3]["id"]
    return image_id


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.name)
def test_a_screen_is_accessible_in_both_themes(
    gallery: Gallery, watched: Callable[..., Watched], image_id: str, screen: Screen, size: tuple[int, int]
) -> None:
    page = watched(size=size).page
    screen.open(page, gallery.url, image_id)
    assert violations(page) == []
    if size == DESKTOP:
        show_theme(page, "dark")
        assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it is wider than the window"
