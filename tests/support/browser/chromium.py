"""Chromium from the system's packages: Playwright drives it, but downloads no browser of its own."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from playwright.sync_api import Browser, Playwright, sync_playwright

from kind.host_packages import ensure_packages
from tests.support.made_once import CACHE, locked

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_ARGUMENTS = [
    "--disable-dev-shm-usage",  # containers have a small /dev/shm
    "--font-render-hinting=none",  # text has the same width on every machine
    "--force-color-profile=srgb",
]


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless Chromium until the end of the block.

    Raises:
        KindError: There is no Chromium, and it can't be installed; the message says how to.
    """
    with sync_playwright() as playwright, launched(playwright) as browser:
        yield browser


@contextmanager
def launched(playwright: Playwright, arguments: Sequence[str] = ()) -> Iterator[Browser]:
    """A headless Chromium, with more `arguments`, until the end of the block. A thread has one `playwright`.

    Raises:
        KindError: There is no Chromium, and it can't be installed; the message says how to.
    """
    browser = playwright.chromium.launch(executable_path=_program(), args=[*_ARGUMENTS, *arguments])
    try:
        yield browser
    finally:
        browser.close()


def _program() -> str:
    """The path of Chromium, which is installed if it is missing."""
    with locked(CACHE / "chromium.lock"):
        found = _installed()
        if found is None:
            ensure_packages(("chromium",), "the test of the web console")
            found = _installed()
    assert found is not None, "the package chromium has no program of that name"
    return found


def _installed() -> str | None:
    return next((path for name in _PROGRAMS if (path := shutil.which(name))), None)
