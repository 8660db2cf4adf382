"""Several HTTP processes: what clients and metrics see does not depend on which of them is asked."""

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.http.test_events import events
from tests.support.kafka import SharedKafka
from tests.support.services.http_processes import Direct, http_processes, one_to_each
from tests.support.services.ingestion import JPEG, Pipeline, Service, headers_of, make_pipeline
from tests.support.until import until

Shared = tuple[Service, Pipeline]
_IMAGE = {"Content-Type": "image/jpeg"}


@pytest.fixture(scope="module")
def shared(kafka: SharedKafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    """A service with two HTTP processes."""
    pipeline = make_pipeline(kafka.bootstrap_servers)
    service = Service(tmp_path_factory.mktemp("service"), [pipeline], ["--workers", "2"])
    try:
        yield service.start(), pipeline
    finally:
        service.kill()


def accepted_by(connection: Direct, pipeline: Pipeline, **headers: str) -> str:
    status, text = connection.request("POST", f"{pipeline.path}/images", JPEG, _IMAGE | headers)
    assert status == 202, text
    return str(json.loads(text)["id"])


def test_connections_are_shared_evenly(shared: Shared) -> None:
    service, _ = shared
    connections = [Direct(service) for _ in range(10)]
    try:
        assert sorted(Counter(connection.process for connection in connections).values()) == [5, 5]
    finally:
        for connection in connections:
            connection.close()


def test_an_image_that_one_process_accepted_is_found_by_the_other_at_once(shared: Shared) -> None:
    service, pipeline = shared
    with one_to_each(service) as (one, other):
        for _ in range(5):
            image_id = accepted_by(one, pipeline)
            assert other.json(f"{pipeline.path}/images/{image_id}")["state"] == "Received"
        assert other.get(f"{pipeline.path}/images/never-accepted")[0] == 404


def test_every_process_has_all_events(shared: Shared) -> None:
    service, pipeline = shared
    with one_to_each(service) as (one, other), events(service, pipeline) as a, events(service, pipeline) as b:
        images = [
            one.json(f"{pipeline.path}/images/{accepted_by(connection, pipeline)}") for connection in (one, other)
        ]
        pipeline.analyze_many([{"id": image["id"], **image["image"]} for image in images])
        ids = {image["id"] for image in images}
        assert {next(a).data["imageId"], next(a).data["imageId"]} == ids
        assert {next(b).data["imageId"], next(b).data["imageId"]} == ids


def test_an_idempotency_key_is_used_once_by_all_processes(shared: Shared) -> None:
    service, pipeline = shared
    with one_to_each(service) as connections, ThreadPoolExecutor(2) as threads:
        for number in range(5):
            key = {"Idempotency-Key": f"key-{number}"}
            one, other = threads.map(lambda connection: accepted_by(connection, pipeline, **key), connections)  # noqa: B023 - awaited
            assert one == other
            published = [headers_of(record)["ce_id"] for record in pipeline.records(pipeline.images_topic)]
            assert published.count(one) == 1


def test_metrics_and_probes_are_those_of_all_processes(shared: Shared) -> None:
    service, pipeline = shared
    with one_to_each(service) as (one, other):
        before = accepted_images(one, pipeline)
        for connection, count in ((one, 3), (other, 2)):
            for _ in range(count):
                accepted_by(connection, pipeline)
        assert accepted_images(one, pipeline) == accepted_images(other, pipeline) == before + 5
        stored = f'darkroom_store_records_total{{kind="images"}} {before + 5}'
        until(lambda: stored in other.get("/metrics")[1], "the images are in the store")
        assert 'darkroom_pipelines{state="Served"} 1.0' in one.get("/metrics")[1]
        assert one.json("/readyz") == other.json("/readyz")
        assert {"filling task", "housekeeping task"} <= {check["name"] for check in one.json("/healthz")["checks"]}
    assert len(http_processes(service)) == 2


def accepted_images(connection: Direct, pipeline: Pipeline) -> float:
    name = f'darkroom_images_accepted_total{{pipeline="{pipeline.namespace}/{pipeline.name}"}} '
    lines = connection.get("/metrics")[1].splitlines()
    return next((float(line.removeprefix(name)) for line in lines if line.startswith(name)), 0.0)
