"""Explore: filters, long lists, the histogram, the keyboard and exports."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from playwright.sync_api import Page, expect

from tests.support.browser.watched import Watched
from tests.support.services.console import Gallery
from tests.support.services.console_images import DIGITS, SCENES, send, send_and_wait
from tests.support.until import until

OpenPage = Callable[..., Watched]
IMAGES = "ul[aria-label=Images]"
_DRAWN = """(drawings) => drawings.map((one) => {
  const copy = new OffscreenCanvas(300, 300).getContext("2d", { willReadFrequently: true });
  copy.drawImage(one, 0, 0);
  return copy.getImageData(0, 0, 300, 300).data.some((value) => value > 0);
})"""
MANY = 450
"""More images than a page of the list has, and than are in view."""


def explore(gallery: Gallery, page: Page, query: str, pipeline: str = "objects") -> None:
    page.goto(f"{gallery.url}/p/gallery/{pipeline}/explore?{query}")


def test_filters_are_in_the_address_and_find_the_image(gallery: Gallery, watched: OpenPage) -> None:
    key = f"camera {uuid4().hex}"
    (image,) = send_and_wait(gallery, gallery.objects, SCENES[:1], key)
    page = watched().page
    explore(gallery, page, "")
    page.get_by_text("Score, time, key, reason").click()
    page.get_by_label("Key", exact=True).fill(key)
    page.keyboard.press("Enter")
    expect(page.locator(f"{IMAGES} a")).to_have_count(1)
    page.get_by_label("State").select_option("Analysed")
    page.get_by_label("Score from").fill("0.2")
    expect(page).to_have_url(re.compile(r"key=camera.*state=Analyzed.*minScore=0\.2|minScore=0\.2"))
    expect(page.get_by_text("1 image found")).to_be_visible()

    page.reload()
    expect(page.get_by_label("Key", exact=True)).to_have_value(key)
    page.locator(f"{IMAGES} a").click()
    expect(page).to_have_url(re.compile(image["id"]))
    page.go_back()
    page.get_by_role("button", name="Clear 3 filters").click()
    expect(page).not_to_have_url(re.compile("key="))


def test_what_was_found_is_drawn_on_the_pictures(gallery: Gallery, watched: OpenPage) -> None:
    key = uuid4().hex
    send_and_wait(gallery, gallery.objects, SCENES[:3], key)
    page = watched().page
    explore(gallery, page, f"key={key}")
    drawings = page.locator(f"{IMAGES} canvas")
    expect(drawings).to_have_count(3)
    until(lambda: all(drawings.evaluate_all(_DRAWN)), "boxes are drawn on all")


def test_an_id_that_is_pasted_opens_the_image(gallery: Gallery, watched: OpenPage) -> None:
    (image,) = send(gallery, gallery.objects, SCENES[1:2])
    page = watched().page
    explore(gallery, page, "")
    page.get_by_label("Image id").fill(image["id"])
    expect(page).to_have_url(re.compile(f"/images/{image['id']}"))


def test_a_long_list_has_only_what_is_in_view_in_the_page(gallery: Gallery, watched: OpenPage) -> None:
    key = uuid4().hex
    sent = send(gallery, gallery.receipts, DIGITS[:1] * MANY, key, "image/png")
    page = watched().page
    explore(gallery, page, f"key={key}&view=rows", "receipts")
    items = page.locator(f"{IMAGES} li")
    links = page.locator(f"{IMAGES} a")
    expect(links.first).to_be_visible()
    expect(links.first).to_have_attribute("href", re.compile(sent[-1]["id"]))
    for _ in range(40):
        page.mouse.wheel(0, 1_500)
        assert items.count() < 60
        if page.get_by_text("No older images match.").is_visible():
            break
    page.keyboard.press("End")
    expect(page.get_by_text("No older images match.")).to_be_visible()
    expect(page.get_by_text(f"{MANY} images found")).to_be_visible()
    page.keyboard.press("End")  # again: the list may have grown since
    expect(page.locator(f"{IMAGES} a[href$='{sent[0]['id']}']")).to_be_visible()


def test_a_range_of_the_histogram_and_a_click_on_it_choose_the_time(gallery: Gallery, watched: OpenPage) -> None:
    send(gallery, gallery.objects, SCENES[:1])
    page = watched().page
    explore(gallery, page, "span=1h")
    plot = page.get_by_role("img", name=re.compile("received from"))
    box = plot.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.25, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.75, middle, steps=4)
    page.mouse.up()
    expect(page).to_have_url(re.compile("from=.*to="))
    expect(page.get_by_label("From", exact=True)).not_to_have_value("")
    page.mouse.click(box["x"] + box["width"] * 0.5, middle)
    expect(page).not_to_have_url(re.compile("from="))
    expect(page).to_have_url(re.compile("to="))


def test_the_keys_move_through_the_images(gallery: Gallery, watched: OpenPage) -> None:
    key = uuid4().hex
    images = send(gallery, gallery.receipts, DIGITS[:3], key, "image/png")
    page = watched().page
    explore(gallery, page, f"key={key}", "receipts")
    page.locator(f"{IMAGES} a").first.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(f"{IMAGES} a").nth(1)).to_be_focused()
    page.keyboard.press("End")
    expect(page.locator(f"{IMAGES} a").nth(2)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(images[0]["id"]))


def test_the_images_that_match_are_exported(gallery: Gallery, watched: OpenPage, tmp_path: Path) -> None:
    key = uuid4().hex
    images = send_and_wait(gallery, gallery.objects, SCENES[:2], key)
    page = watched().page
    explore(gallery, page, f"key={key}")
    page.get_by_text("Export").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="JSON Lines").click()
    download.value.save_as(tmp_path / "export.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "export.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {line["id"] for line in lines} == {image["id"] for image in images}


def test_a_filter_that_nothing_matches_says_so(gallery: Gallery, watched: OpenPage) -> None:
    page = watched().page
    explore(gallery, page, "label=unicorn")
    expect(page.get_by_role("heading", name="No image matches")).to_be_visible()
