"""Several replicas on one PostgreSQL."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import URL

from tests.support.postgresql import make_database
from tests.support.services.ingestion import Pipeline, Service, accepted, document, headers_of
from tests.support.until import until


def test_replicas_share_one_store_and_one_takes_over_when_another_dies(
    postgresql: URL, start_service: Callable[..., Service], two_stages: Pipeline
) -> None:
    url = make_database(postgresql)
    one, two = (start_service(two_stages, database_url=url, ready=False) for _ in range(2))
    for service in (one, two):
        until(service.is_ready, "the replica is ready")
    images = [accepted(service, two_stages) for service in (one, two) * 5]
    for image in images:
        for service in (one, two):
            assert document(service, two_stages, image["id"])["image"]["offset"] == image["offset"]
    with ThreadPoolExecutor(8) as threads:
        raced = list(
            threads.map(
                lambda service: accepted(service, two_stages, headers={"Idempotency-Key": "race"}), (one, two) * 4
            )
        )
    assert len({(image["id"], image["offset"]) for image in raced}) == 1
    ids = [headers_of(record)["ce_id"] for record in two_stages.records(two_stages.images_topic)]
    assert len(ids) == len(set(ids)) == 11

    one.kill()
    two_stages.analyze_many(images, "classify")
    two_stages.analyze_many(images, "embed")
    for image in images:
        until(
            lambda: document(two, two_stages, image["id"])["state"] == "Analyzed",  # noqa: B023
            "the other replica reads on",
        )
    with two.client as client:
        page = client.get(f"{two_stages.path}/results", params={"label": "seven", "limit": 1000}).json()
    assert len(page["results"]) == 20
