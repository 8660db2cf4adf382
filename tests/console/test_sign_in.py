"""Signing in and out, sessions that end, and what people see who miss a right. A service that checks its callers."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser.accessibility import violations
from tests.support.browser.screens import show_theme
from tests.support.browser.watched import DEADLINE_MS, DESKTOP, PHONE, Watched
from tests.support.services.access.checked import Checked, Who, checked_service
from tests.support.services.console import Gallery
from tests.support.services.console_images import DIGITS

OpenPage = Callable[..., Watched]
BASE = "/p/gallery/receipts"
PAGE = f"{BASE}/explore?view=rows&label=seven"


@pytest.fixture(scope="module")
def checked(gallery: Gallery, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checked]:
    """A service that checks its callers."""
    with checked_service(tmp_path_factory.mktemp("checked"), gallery.receipts, DIGITS[0]) as service:
        yield service


def signed_in(watched: OpenPage, checked: Checked, who: Who, path: str, **options: tuple[int, int]) -> Page:
    """A page that shows `path` to `who`."""
    opened = watched(**options)
    opened.expect_error("status of 401 .*/v1/session")
    page = opened.page
    page.goto(checked.url + path)
    checked.sign_in(page, who)
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    return page


def test_a_token_opens_the_page_and_signing_out_closes_it(checked: Checked, watched: OpenPage) -> None:
    opened = watched()
    opened.expect_error("status of 401 .*/v1/session")
    page = opened.page
    page.goto(checked.url + PAGE)
    expect(page.get_by_role("heading", name="Sign in to Darkroom")).to_be_visible()
    page.get_by_label("Token").fill("wrong")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("alert")).to_have_text("The token is not valid.")
    checked.sign_in(page, "viewer")
    expect(page.get_by_role("heading", name="Explore")).to_be_visible()
    expect(page.get_by_text("viewer", exact=True)).to_be_visible()
    assert page.url == checked.url + PAGE
    page.reload()
    expect(page.get_by_role("heading", name="Explore")).to_be_visible()
    assert page.evaluate("document.cookie") == ""
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in to Darkroom")).to_be_visible()


def test_single_sign_on_returns_to_the_page(checked: Checked, watched: OpenPage) -> None:
    opened = watched()
    opened.expect_error("status of 401 .*/v1/session")
    opened.expect_error("fonts.googleapis|favicon")  # of the provider's page
    page = opened.page
    page.context.route(re.compile("^https://"), lambda route: route.abort())
    page.goto(checked.url + PAGE)
    page.get_by_role("link", name="Sign in with single sign-on").click()
    page.get_by_placeholder("Enter any login").fill("zoe+staff")
    page.get_by_placeholder("and password").fill("any")
    page.get_by_role("button", name="Sign-in").click()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Explore")).to_be_visible()
    expect(page.get_by_text("oidc:zoe+staff", exact=True)).to_be_visible()
    assert page.url == checked.url + PAGE


def test_a_page_stays_when_its_session_ends_and_continues_after_signing_in(checked: Checked, watched: OpenPage) -> None:
    opened = watched()
    opened.expect_error("status of 401")
    page = opened.page
    page.goto(f"{checked.url}{BASE}/dead-letters?stage=classify")
    checked.sign_in(page, "viewer")
    heading = page.get_by_role("heading", name="Dead letters")
    expect(heading).to_be_visible()
    page.context.clear_cookies()
    ended = page.get_by_text("Your session has ended")
    expect(ended).to_be_visible(timeout=DEADLINE_MS)
    expect(heading).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name="Sign in again").click()
    expect(page.get_by_role("dialog", name="Sign in again")).to_be_visible()
    assert violations(page) == []
    checked.sign_in(page, "viewer")
    expect(ended).to_be_hidden()
    expect(page.get_by_role("dialog", name="Sign in again")).to_be_hidden()
    assert page.url == f"{checked.url}{BASE}/dead-letters?stage=classify"


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_sign_in_screen_is_accessible_in_both_themes(
    checked: Checked, watched: OpenPage, size: tuple[int, int]
) -> None:
    opened = watched(size=size)
    opened.expect_error("status of 401 .*/v1/session")
    page = opened.page
    page.goto(checked.url + PAGE)
    expect(page.get_by_label("Token")).to_be_visible()
    are_accessible(page)


@pytest.mark.parametrize(
    ("who", "path", "missing", "links"),
    [
        ("submitter", "live", "submitter may not see images and results here.", ["Submit"]),
        ("submitter", "explore", "submitter may not see images and results here.", ["Submit"]),
        ("submitter", "images/{image}", "submitter may not see images and results here.", ["Submit"]),
        ("submitter", "overview", "submitter may not see images and results here.", ["Submit"]),
        ("submitter", "dead-letters", "submitter may not see images and results or see dead letters here.", ["Submit"]),
        ("viewer", "submit", "viewer may not send images here.", ["Live"]),
    ],
    ids=lambda value: value if isinstance(value, str) and " " not in value else "",
)
def test_a_screen_says_which_right_is_missing_and_what_is_open(
    checked: Checked, watched: OpenPage, who: Who, path: str, missing: str, links: list[str]
) -> None:
    page = signed_in(watched, checked, who, f"{BASE}/{path.format(image=checked.image)}")
    expect(page.get_by_role("heading", name="You have no access to this page")).to_be_visible()
    expect(page.get_by_text(missing)).to_be_visible()
    main = page.get_by_role("main")
    assert main.get_by_role("link").all_inner_texts() == links


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_screen_without_access_is_accessible_in_both_themes(
    checked: Checked, watched: OpenPage, size: tuple[int, int]
) -> None:
    page = signed_in(watched, checked, "submitter", f"{BASE}/live", size=size)
    expect(page.get_by_role("heading", name="You have no access to this page")).to_be_visible()
    are_accessible(page)


def test_a_submitter_is_told_that_the_list_has_only_what_may_be_seen(checked: Checked, watched: OpenPage) -> None:
    page = signed_in(watched, checked, "submitter", "/")
    expect(page.get_by_role("heading", name="No pipeline to show")).to_be_visible()
    are_accessible(page)


def test_a_viewer_can_not_analyse_again_or_redrive_and_sees_why(checked: Checked, watched: OpenPage) -> None:
    page = signed_in(watched, checked, "viewer", f"{BASE}/images/{checked.image}")
    again = page.get_by_role("button", name="Analyse again")
    expect(again).to_be_disabled()
    expect(again).to_have_accessible_description("viewer may not send images here.")
    page.get_by_role("link", name="Dead letters").click()
    redrive = page.get_by_role("button", name="Redrive all that match")
    expect(redrive).to_be_disabled()
    expect(redrive).to_have_accessible_description("viewer may not redrive dead letters here.")
    are_accessible(page)


def test_a_submitter_sends_images_and_is_told_that_answers_are_not_shown(checked: Checked, watched: OpenPage) -> None:
    page = signed_in(watched, checked, "submitter", f"{BASE}/submit")
    expect(page.get_by_text("submitter may not see images and results here.")).to_be_visible()
    page.locator("input[type=file]").first.set_input_files(
        {"name": "seven.png", "mimeType": "image/png", "buffer": DIGITS[1]}
    )
    expect(page.get_by_text(re.compile("1 of 1 picture sent"))).to_be_visible()


def test_an_administrator_may_do_everything(checked: Checked, watched: OpenPage) -> None:
    page = signed_in(watched, checked, "admin", f"{BASE}/images/{checked.image}")
    expect(page.get_by_role("button", name="Analyse again")).to_be_enabled()


def are_accessible(page: Page) -> None:
    """Check the page in both themes."""
    for theme in ("light", "dark"):
        show_theme(page, theme)
        assert violations(page) == [], theme
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it is wider than the window"
