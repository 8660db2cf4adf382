"""Overview: what flows, what waits, and what is not known."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.support.browser.watched import Watched
from tests.support.services.console import Gallery
from tests.support.services.console_images import SCENES, send, send_and_wait
from tests.support.services.ingestion import Service

OpenPage = Callable[..., Watched]
NOWHERE = "127.0.0.1:9"
"""No broker answers here."""
AWAY_MS = 45_000
"""The service gives Kafka some time to answer before it says that it does not."""


@pytest.fixture
def without_kafka(gallery: Gallery, tmp_path: Path) -> Iterator[str]:
    """The address of the overview of a service that cannot reach Kafka."""
    pipeline = gallery.unused
    pipeline.connection = {"bootstrapServers": NOWHERE}
    service = Service(tmp_path, [pipeline])
    try:
        service.start(ready=False)
        yield f"http://127.0.0.1:{service.port}/p/{pipeline.namespace}/{pipeline.name}/overview"
    finally:
        service.kill()


def test_the_diagram_and_its_table_have_the_numbers(gallery: Gallery, watched: OpenPage) -> None:
    send_and_wait(gallery, gallery.objects, SCENES[:1])
    page = watched().page
    page.goto(f"{gallery.url}/p/gallery/objects/overview")
    diagram = page.locator("svg[aria-label^=Topology]")
    expect(diagram.get_by_text("1 worker")).to_be_visible()
    expect(diagram.get_by_text("3 partitions")).to_be_visible()
    row = page.get_by_role("region", name="Stages").get_by_role("row", name="detect")
    expect(row).to_contain_text("Stable")
    expect(page.get_by_role("region", name="Partitions").get_by_role("row")).to_have_count(4)
    expect(page.get_by_text("detect p95")).to_be_visible()
    diagram.get_by_role("link", name="dead letters").click()
    expect(page).to_have_url(re.compile(r"/dead-letters\?stage=detect"))


def test_without_workers_it_says_so_and_what_to_do(gallery: Gallery, watched: OpenPage) -> None:
    send(gallery, gallery.receipts, SCENES[:1])
    page = watched().page
    page.goto(f"{gallery.url}/p/gallery/receipts/overview")
    expect(page.locator("svg[aria-label^=Topology]").get_by_text("no workers")).to_have_count(2)
    expect(page.get_by_text("No worker").first).to_be_visible()


def test_while_kafka_is_away_its_numbers_are_unknown(without_kafka: str, watched: OpenPage) -> None:
    opened = watched()
    opened.expect_error("503 .*/readyz")
    page = opened.page
    page.goto(without_kafka)
    expect(page.get_by_text("workers unknown").first).to_be_visible(timeout=AWAY_MS)
    expect(page.get_by_text("lag unknown").first).to_be_visible()
    expect(page.get_by_role("region", name="Stages").get_by_role("cell", name="unknown").first).to_be_visible()
