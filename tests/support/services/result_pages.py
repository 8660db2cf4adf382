"""Results as the ingestion service lists them, page by page."""

from typing import Any

from tests.support.services.ingestion import Pipeline, Service
from tests.support.until import until


def pages(service: Service, pipeline: Pipeline, what: str = "results", **query: Any) -> list[dict[str, Any]]:
    """Every item, page by page."""
    items: list[dict[str, Any]] = []
    after = None
    with service.client as client:
        while True:
            answer = client.get(f"{pipeline.path}/{what}", params=query | ({"after": after} if after else {}))
            assert answer.status_code == 200, answer.text
            page = answer.json()
            items += page["results" if what == "results" else "deadLetters"]
            after = page["next"]
            if after is None:
                return items


def wait_for_results(service: Service, pipeline: Pipeline, count: int) -> list[dict[str, Any]]:
    return until(
        lambda: found if len(found := pages(service, pipeline)) >= count else None, f"{count} results are in the store"
    )
