"""GET …/counts."""

from collections.abc import Callable
from typing import Any

from confluent_kafka.admin import AdminClient

from tests.support.services.ingestion import Pipeline, Service, accepted
from tests.support.services.result_pages import wait_for_results
from tests.support.until import until

StartService = Callable[..., Service]


def test_images_results_and_failures_are_counted(shared: tuple[Service, Pipeline]) -> None:
    service, pipeline = shared
    images = [accepted(service, pipeline) for _ in range(4)]
    pipeline.analyze_many(images[:2])
    pipeline.analyze(images[2], label="three")
    pipeline.fail(images[3])
    wait_for_results(service, pipeline, 3)

    def counted(**query: Any) -> Any:
        with service.client as client:
            answer = client.get(f"{pipeline.path}/counts", params=query)
        return answer.json() | {"status": answer.status_code}

    found = until(lambda: all_ if (all_ := counted())["failed"] else None, "the dead letter is counted")
    assert [found[name] for name in ("received", "analyzed", "failed")] == [4, 3, 1]
    assert found["bytes"] > 4 * 500
    assert sum(bucket["received"] for bucket in found["buckets"]) == 4
    [stage] = found["stages"]
    assert (stage["stage"], stage["analyzed"], stage["failed"]) == ("classify", 3, 1)
    assert stage["labels"] == [{"label": "seven", "count": 2}, {"label": "three", "count": 1}]
    assert stage["reasons"] == [{"reason": "DecodeError", "count": 1}]
    assert 0 < stage["latencyMs"]["p50"] <= stage["latencyMs"]["p99"] < 60_000
    assert len(stage["buckets"]) == len(found["buckets"])

    seven = counted(label="seven")
    assert [seven[name] for name in ("received", "analyzed", "failed")] == [0, 2, 0]
    assert counted(stage="embed")["stages"] == []
    empty = counted(**{"from": "2001-01-01T00:00:30Z", "to": "2001-01-01T01:00:00Z", "buckets": "30"})
    assert (empty["from"], empty["bucketSeconds"], empty["received"]) == ("2001-01-01T00:00:00.000Z", 120, 0)
    assert len(empty["buckets"]) == 30
    assert counted(**{"from": "yesterday"})["status"] == 422
    assert counted(**{"from": "2001-01-01T00:00:30Z", "to": "2001-01-01T00:00:00Z"})["status"] == 422


def test_counts_stay_exact_when_the_service_is_killed_and_records_are_published_twice(
    start_service: StartService, pipeline: Pipeline
) -> None:
    service = start_service(pipeline)
    images = [accepted(service, pipeline) for _ in range(20)]
    pipeline.analyze_many(images)
    pipeline.analyze_many(images[:5])  # again
    service.kill()
    pipeline.analyze_many(images[:10], label="three", generation="again")
    pipeline.analyze_many(images[5:10])
    service.start()
    wait_for_results(service, pipeline, 20)

    def counted() -> Any:
        with service.client as client:
            return client.get(f"{pipeline.path}/counts").json()

    def labels() -> dict[str, int]:
        [stage] = counted()["stages"]
        return {entry["label"]: entry["count"] for entry in stage["labels"]}

    until(lambda: labels() == {"seven": 10, "three": 10}, "the replay's results are counted in place of the others")
    found = counted()
    assert (found["received"], found["analyzed"]) == (20, 20)
    service.stop()
    admin = AdminClient({"bootstrap.servers": pipeline.bootstrap_servers})
    [deleted] = admin.delete_topics([pipeline.images_topic], operation_timeout=30).values()
    deleted.result(timeout=30)
    until(lambda: pipeline.images_topic not in admin.list_topics(timeout=10).topics, "the topic is gone")
    pipeline.make_topics()
    service.start()
    accepted(service, pipeline)
    until(lambda: counted()["received"] == 1, "the images of the former topic are no longer counted")
    assert counted()["analyzed"] == 20
