"""Submit: the files of a folder, of which some are not sent."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from tests.support.browser.watched import Watched
from tests.support.services.console import Gallery
from tests.support.services.console_images import SCENES

LARGEST = 10 * 1024 * 1024
"""Bytes of the largest image that the pipeline accepts."""


def test_of_a_folder_only_images_that_are_not_too_large_are_sent(
    gallery: Gallery, watched: Callable[..., Watched], tmp_path: Path
) -> None:
    (tmp_path / "scene.png").write_bytes(SCENES[0])  # a JPEG: the service finds the format in the bytes
    (tmp_path / "large.jpg").write_bytes(bytes(LARGEST + 1))
    (tmp_path / "notes.txt").write_text("notes", encoding="utf-8")
    page = watched().page
    page.goto(f"{gallery.url}/p/gallery/objects/submit")
    expect(page.get_by_text("up to 10 MiB each")).to_be_visible()
    page.locator("input[webkitdirectory]").set_input_files(tmp_path)
    expect(page.get_by_text("Left out 1 file that is not an image.")).to_be_visible()
    tile = page.get_by_role("main").get_by_role("listitem")
    expect(tile.filter(has_text="large.jpg")).to_contain_text("The pipeline accepts images of up to 10 MiB")
    expect(tile.filter(has_text="scene.png")).to_contain_text("Analysed")
    expect(page.get_by_text("1 of 2 pictures sent · 1 answered · 1 refused")).to_be_visible()
