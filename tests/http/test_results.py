"""Documents of images, pages of results, content; and the store as a cache of the log."""

from collections.abc import Callable

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from darkroom import names
from tests.support.services.ingestion import JPEG, PNG, Pipeline, Service, accepted, document, result_data
from tests.support.services.result_pages import pages, wait_for_results
from tests.support.until import until

StartService = Callable[..., Service]


def test_an_image_is_analyzed_once_every_stage_has_answered(start_service: StartService, two_stages: Pipeline) -> None:
    service = start_service(two_stages)
    image = accepted(service, two_stages, params={"key": "camera-7"})
    two_stages.analyze(image, "embed")
    until(lambda: document(service, two_stages, image["id"])["results"], "the first result is there")
    half = document(service, two_stages, image["id"])
    two_stages.analyze(image, "classify", label="one")
    whole = until(
        lambda: found if (found := document(service, two_stages, image["id"]))["state"] == "Analyzed" else None,
        "analyzed",
    )

    assert half["state"] == "Received"
    assert set(whole) == {"id", "state", "key", "receivedAt", "image", "results", "failures"}
    assert whole["key"] == "camera-7"
    assert whole["failures"] == []
    assert whole["results"] == [
        result_data(image, "classify", "one"),
        result_data(image, "embed", "seven"),
    ]


def test_a_stage_that_failed_makes_the_image_partly_failed_and_all_of_them_failed(
    start_service: StartService, two_stages: Pipeline
) -> None:
    service = start_service(two_stages)
    partly, failed = (accepted(service, two_stages) for _ in range(2))
    two_stages.analyze(partly, "classify")
    two_stages.fail(partly, "embed")
    two_stages.fail(failed, "classify")
    two_stages.fail(failed, "embed")

    for image, state in ((partly, "PartlyFailed"), (failed, "Failed")):
        found = until(
            lambda: d if (d := document(service, two_stages, image["id"]))["state"] != "Received" else None,  # noqa: B023
            "every stage has answered",
        )
        assert found["state"] == state
        failure = found["failures"][-1]
        assert (failure["stage"], failure["reason"], failure["attempts"]) == ("embed", "DecodeError", 1)
        assert failure["message"] == "the JPEG ends too early"


def test_a_result_that_is_published_twice_is_kept_once(start_service: StartService, pipeline: Pipeline) -> None:
    service = start_service(pipeline)
    image = accepted(service, pipeline)
    pipeline.analyze(image)
    pipeline.analyze(image)
    last = accepted(service, pipeline, params={"key": "last"})
    pipeline.analyze(last)
    results = wait_for_results(service, pipeline, 2)

    with service.client as client:
        until(lambda: "darkroom_store_duplicates_total 1.0" in client.get("/metrics").text, "it is counted")
    assert sorted(result["imageId"] for result in results) == sorted([image["id"], last["id"]])


def test_foreign_records_are_skipped(start_service: StartService, pipeline: Pipeline) -> None:
    service = start_service(pipeline)
    image = accepted(service, pipeline)
    results = names.results_topic(pipeline.namespace, pipeline.name, "classify")
    letters = names.dead_letters_topic(pipeline.namespace, pipeline.name, "classify")
    for value in (
        b"",
        b"\xff\xfe",
        b"[]",
        b"null",
        b'{"imageId": 3}',
        b'{"imageId": NaN}',
        b'{"imageId"',
        b"[" * 100_000,
    ):
        pipeline.publish(results, value, [], b"key", image["partition"])
    pipeline.publish(results, b'{"imageId": "\\u0000\\ud800"}', [("ce_id", b"\xff\x00")], b"", image["partition"])
    pipeline.publish(letters, b"no reason", [], b"key", image["partition"])
    pipeline.publish(pipeline.images_topic, JPEG, [], b"", image["partition"])
    pipeline.analyze(image)

    until(lambda: document(service, pipeline, image["id"])["state"] == "Analyzed", "the result behind is found")
    foreign = names.image_id_at(pipeline.images_topic, image["partition"], image["offset"] + 1)
    assert document(service, pipeline, foreign)["image"]["bytes"] == len(JPEG)


def test_results_come_newest_first_page_by_page(start_service: StartService, pipeline: Pipeline) -> None:
    service = start_service(pipeline)
    images = [accepted(service, pipeline) for _ in range(25)]
    for number, image in enumerate(images):
        pipeline.analyze(image, label="odd" if number % 2 else "even")
    wait_for_results(service, pipeline, 25)

    listed = pages(service, pipeline, limit=7)
    assert [result["summary"] for result in listed[:2]] == ["even 0.900", "odd 0.900"]
    everything = [result["imageId"] for result in listed]
    assert everything == [image["id"] for image in reversed(images)]
    assert [r["imageId"] for r in pages(service, pipeline, limit=4, label="odd")] == everything[1::2]
    assert [r["imageId"] for r in pages(service, pipeline, stage="classify", label="even")] == everything[0::2]
    assert pages(service, pipeline, stage="embed") == []
    assert pages(service, pipeline, label="nine") == []


def test_new_results_do_not_shift_the_pages(start_service: StartService, pipeline: Pipeline) -> None:
    service = start_service(pipeline)
    first = [accepted(service, pipeline) for _ in range(6)]
    pipeline.analyze_many(first)
    wait_for_results(service, pipeline, 6)
    with service.client as client:
        page = client.get(f"{pipeline.path}/results", params={"limit": 3}).json()
        pipeline.analyze_many([accepted(service, pipeline) for _ in range(3)])
        wait_for_results(service, pipeline, 9)
        rest = client.get(f"{pipeline.path}/results", params={"limit": 10, "after": page["next"]}).json()

    found = [result["imageId"] for result in page["results"] + rest["results"]]
    assert sorted(found) == sorted(image["id"] for image in first)
    assert rest["next"] is None


@pytest.mark.parametrize("cursor", ["x", "bnVsbA", "e30", "WzEsMl0", "%00", "W10=" * 100])
def test_an_invalid_cursor_is_refused(shared: tuple[Service, Pipeline], cursor: str) -> None:
    service, pipeline = shared
    with service.client as client:
        for what in ("results", "dead-letters"):
            assert client.get(f"{pipeline.path}/{what}", params={"after": cursor}).status_code == 422


@pytest.mark.parametrize("longest", [0, 2**31, 2**64])
def test_a_length_that_no_result_has_is_refused(shared: tuple[Service, Pipeline], longest: int) -> None:
    """SQLite has no numbers of more than 64 bits."""
    service, pipeline = shared
    with service.client as client:
        assert client.get(f"{pipeline.path}/results", params={"maxCharacters": longest}).status_code == 422
        assert client.get(f"{pipeline.path}/results", params={"maxCharacters": 2**31 - 1}).status_code == 200


def test_the_content_is_read_from_the_log_and_can_be_cached(shared: tuple[Service, Pipeline]) -> None:
    service, pipeline = shared
    image = accepted(service, pipeline, PNG, content_type="image/png")
    with service.client as client:
        content = client.get(f"{pipeline.path}/images/{image['id']}/content")
        again = client.get(content.request.url, headers={"If-None-Match": content.headers["ETag"]})

    assert (content.status_code, content.content) == (200, PNG)
    assert content.headers["content-type"] == "image/png"
    assert "immutable" in content.headers["Cache-Control"]
    assert content.headers["X-Content-Type-Options"] == "nosniff"
    assert (again.status_code, again.content) == (304, b"")


def test_content_that_retention_has_removed_is_gone(start_service: StartService, pipeline: Pipeline) -> None:
    service = start_service(pipeline)
    old = accepted(service, pipeline, params={"key": "same"})
    new = accepted(service, pipeline, params={"key": "same"})
    admin = AdminClient({"bootstrap.servers": pipeline.bootstrap_servers})
    cut = TopicPartition(old["topic"], old["partition"], new["offset"])
    [deleted] = admin.delete_records([cut]).values()
    deleted.result(timeout=30)

    with service.client as client:
        gone = client.get(f"{pipeline.path}/images/{old['id']}/content")
        assert client.get(f"{pipeline.path}/images/{new['id']}/content").content == JPEG
        assert client.get(f"{pipeline.path}/images/{old['id']}").status_code == 200
    assert gone.status_code == 410
    assert gone.headers["content-type"] == "application/problem+json"


def test_an_unknown_image_is_not_found(shared: tuple[Service, Pipeline]) -> None:
    service, pipeline = shared
    with service.client as client:
        for path in ("images/none", "images/none/content", "images/%00"):
            assert client.get(f"{pipeline.path}/{path}").status_code == 404
