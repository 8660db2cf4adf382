"""Checks a page with axe-core against WCAG 2.2, levels A and AA."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

_RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


_TRANSITIONS_ENDED = """
() => Promise.allSettled(document.getAnimations()
  .filter((one) => one.effect?.getComputedTiming().iterations !== Infinity)
  .map((one) => one.finished))
"""
"""A button that has just been enabled fades in, and has less contrast until then."""


def violations(page: Page) -> list[str]:
    """What axe-core finds, one line for an element: the rule, the element and the problem."""
    page.evaluate(_TRANSITIONS_ENDED)
    found = Axe().run(page, options=_RULES | {"resultTypes": ["violations"]}).response["violations"]
    return [
        f"{violation['id']}: {node['html'][:200]}: {node['failureSummary']}"
        for violation in found
        for node in violation["nodes"]
    ]
