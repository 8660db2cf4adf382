"""Fixtures for the tests of the web console.

`gallery` is one service with workers for the whole run, started on demand. `browser` is one Chromium for each module.
What they need is imported on demand: unit tests do not wait for it.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.on_demand import share, shared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Playwright

    from tests.support.browser.watched import Watched
    from tests.support.services.console import Gallery, GalleryToShare

    OpenPage = Callable[..., Watched]

_NAME = "gallery"
_START_TIMEOUT_S = 240.0


def pytest_configure(config: pytest.Config) -> None:
    def make() -> GalleryToShare:
        from tests.support.services.console import GalleryToShare  # noqa: PLC0415

        return GalleryToShare(lambda: _bootstrap_servers(config))

    share(config, _NAME, make)


def _bootstrap_servers(config: pytest.Config) -> str:
    """The broker of the fixture `kafka`."""
    if existing := os.environ.get("DARKROOM_TEST_BOOTSTRAP_SERVERS"):
        return existing
    return shared(config, "kafka", _START_TIMEOUT_S)["bootstrap_servers"]


@pytest.fixture(scope="session")
def gallery(pytestconfig: pytest.Config) -> Gallery:
    """A service and its pipelines, shared by all tests of the console."""
    from tests.support.services.console import Gallery  # noqa: PLC0415

    return Gallery(**shared(pytestconfig, _NAME, _START_TIMEOUT_S))


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """What drives browsers. A thread can't have two.

    It ends with the module: its event loop counts as running between the tests too, where others call `asyncio.run`.
    """
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """A headless Chromium."""
    from tests.support.browser.chromium import launched  # noqa: PLC0415

    with launched(playwright) as started:
        yield started


@pytest.fixture
def watched(browser: Browser) -> Iterator[OpenPage]:
    """A function that opens blank pages. The test fails if one of them reports an error."""
    from tests.support.browser.watched import watched_page  # noqa: PLC0415

    with ExitStack() as stack:

        def opened(**options: Any) -> Watched:
            return stack.enter_context(watched_page(browser, **options))

        yield opened
