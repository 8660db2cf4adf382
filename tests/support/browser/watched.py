"""Pages of a browser that report what went wrong in them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import Browser, ConsoleMessage, Page

DESKTOP = (1280, 800)
PHONE = (390, 844)
DEADLINE_MS = 15_000

# Chromium writes most violations of the content security policy to the console by itself, but not all.
_REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`CSP violation: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
"""


# A file that can't be decoded has no thumbnail, which browsers report as an error. Pages show something else then.
_NO_THUMBNAIL = r"status of 415 .*/thumbnail"


@dataclass
class Watched:
    """Everything that a page reported as an error, without what the test expects."""

    page: Page
    found: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=lambda: [_NO_THUMBNAIL])

    def expect_error(self, pattern: str) -> None:
        """Allow errors with a match of this regular expression."""
        self.expected.append(pattern)

    @property
    def errors(self) -> list[str]:
        """The errors that the test does not expect."""
        return [error for error in self.found if not any(re.search(pattern, error) for pattern in self.expected)]

    def watch(self) -> None:
        """Report errors of the page from now on."""
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.found.append(f"{error.name}: {error.message}\n{error.stack}"))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.found.append(f"{message.type}: {message.text} ({message.location.get('url')})")


@contextmanager
def watched_page(
    browser: Browser, size: tuple[int, int] = DESKTOP, theme: str = "light", motion: str = "reduce"
) -> Iterator[Watched]:
    """A page of its own browser context. The block fails at its end if the page reported an error."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce" if motion == "reduce" else "no-preference",
        locale="en-GB",
        timezone_id="UTC",
        accept_downloads=True,
    )
    context.set_default_timeout(DEADLINE_MS)
    context.add_init_script(_REPORT_VIOLATIONS)
    try:
        watched = Watched(context.new_page())
        watched.watch()
        yield watched
        watched.page.evaluate("document.title")  # a round trip, after which all events of the page have arrived
        if watched.errors:
            raise AssertionError("\n".join(["the page reported errors:", *watched.errors]))
    finally:
        context.close()
