"""Dead letters: by reason, one large, and redriven: one, some, or all that match."""

import re
from collections.abc import Callable
from uuid import uuid4

from playwright.sync_api import Locator, Page, expect

from tests.support.browser.watched import Watched
from tests.support.services.console import Gallery
from tests.support.services.console_images import DIGITS, send
from tests.support.until import until

OpenPage = Callable[..., Watched]
LETTERS = "ul[aria-label='Dead letters'] li"
FAILED = 3


def fail(gallery: Gallery, stage: str) -> str:
    """Send images on which a stage fails. Returns the reason, which no other dead letter has."""
    reason = f"Reason{uuid4().hex[:8]}"
    for image in send(gallery, gallery.receipts, DIGITS[:FAILED], media_type="image/png"):
        gallery.receipts.fail(image, stage=stage, reason=reason, value=DIGITS[0])
    with gallery.service.client as client:
        path = f"{gallery.receipts.path}/dead-letters?reason={reason}"
        until(lambda: len(client.get(path).json()["deadLetters"]) == FAILED, "the dead letters are in the store")
    return reason


def open_letters(gallery: Gallery, page: Page, stage: str, reason: str) -> Locator:
    """The dead letters with a reason, in the page."""
    page.goto(f"{gallery.url}/p/gallery/receipts/dead-letters?stage={stage}&reason={reason}")
    letters = page.locator(LETTERS)
    expect(letters).to_have_count(FAILED)
    return letters


def confirm(page: Page, matched: str, rate: int = 100) -> None:
    dialog = page.get_by_role("dialog", name=re.compile("Redrive"))
    expect(dialog.get_by_text(matched, exact=True)).to_be_visible()
    dialog.get_by_label("Images per second").fill(str(rate))
    dialog.get_by_role("button", name="Redrive").click()
    expect(dialog).to_be_hidden()


def redrives(page: Page, *texts: str) -> Locator:
    """The row of the record with these texts."""
    row = page.get_by_role("region", name="Redrives", exact=True).get_by_role("row")
    for text in texts:
        row = row.filter(has_text=text)
    return row


def test_some_are_redriven_then_all_that_are_left(gallery: Gallery, watched: OpenPage) -> None:
    reason = fail(gallery, "read")
    page = watched().page
    letters = open_letters(gallery, page, "read", reason)
    for letter in (letters.nth(0), letters.nth(2)):
        letter.get_by_role("checkbox").check()
    page.get_by_role("button", name="Redrive 2 images").click()
    confirm(page, "2 images")
    expect(redrives(page, "Done", "2 images", "2 of 2").first).to_be_visible()
    expect(page.get_by_text(re.compile("^redriven"))).to_have_count(2)
    page.get_by_role("button", name="Redrive all that match").click()
    confirm(page, "1 image")
    expect(redrives(page, "Done", reason, "1 of 1")).to_be_visible()


def test_a_redrive_can_be_stopped(gallery: Gallery, watched: OpenPage) -> None:
    reason = fail(gallery, "classify")
    page = watched().page
    open_letters(gallery, page, "classify", reason)
    page.get_by_role("button", name="Redrive all that match").click()
    confirm(page, f"{FAILED} images", rate=1)
    redrives(page, "Running", reason).get_by_role("button", name="Stop").click()
    expect(redrives(page, "Stopped", reason)).to_be_visible()


def test_its_panel_takes_the_focus_and_returns_it(gallery: Gallery, watched: OpenPage) -> None:
    page = watched().page
    letter = open_letters(gallery, page, "read", fail(gallery, "read")).nth(1).get_by_role("button")
    letter.press("Enter")
    panel = page.get_by_role("region", name=re.compile("^Dead letter "))
    expect(panel).to_be_focused()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(letter).to_be_focused()


def test_one_is_shown_with_its_message_and_a_link_to_its_image(gallery: Gallery, watched: OpenPage) -> None:
    reason = fail(gallery, "read")
    page = watched().page
    open_letters(gallery, page, "read", reason).first.get_by_role("button").click()
    panel = page.get_by_role("region", name=f"Dead letter {reason}")
    expect(panel.get_by_text("the JPEG ends too early")).to_be_visible()
    expect(panel.locator("img")).to_be_visible()
    address = page.url
    page.reload()
    expect(page).to_have_url(address)
    expect(panel).to_be_visible()
    chip = page.get_by_role("button", name=re.compile(f"^{reason} {FAILED}$"))
    expect(chip).to_have_attribute("aria-pressed", "true")
    panel.get_by_role("link", name="Image and trace").click()
    expect(page).to_have_url(re.compile("/images/"))
