"""Dead letters: listing, downloading, redriving."""

import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support.services.ingestion import JPEG, PNG, Pipeline, Service, accepted, document, headers_of
from tests.support.until import until

StartService = Callable[..., Service]


def letters(service: Service, pipeline: Pipeline, **query: Any) -> list[dict[str, Any]]:
    with service.client as client:
        answer = client.get(f"{pipeline.path}/dead-letters", params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["deadLetters"]
    return found


def wait_for_letters(service: Service, pipeline: Pipeline, count: int) -> list[dict[str, Any]]:
    return until(
        lambda: found if len(found := letters(service, pipeline)) >= count else None, f"{count} dead letters are there"
    )


def redrive(service: Service, pipeline: Pipeline, **which: Any) -> dict[str, Any]:
    with service.client as client:
        answer = client.post(f"{pipeline.path}/dead-letters/redrive", json=which)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_dead_letters_are_listed_newest_first_with_their_reason_and_content(
    start_service: StartService, two_stages: Pipeline
) -> None:
    service = start_service(two_stages)
    one, two = accepted(service, two_stages), accepted(service, two_stages, PNG, content_type="image/png")
    two_stages.fail(one, "classify")
    two_stages.fail(two, "embed", reason="TooLarge", value=PNG)
    newest, oldest = wait_for_letters(service, two_stages, 2)

    assert (newest["id"], newest["stage"], newest["reason"]) == (two["id"], "embed", "TooLarge")
    assert oldest["message"] == "the JPEG ends too early"
    assert oldest["source"] == {name: one[name] for name in ("topic", "partition", "offset")}
    assert (oldest["redrivenAt"], oldest["attempts"], oldest["bytes"]) == (None, 1, len(JPEG))
    assert [letter["id"] for letter in letters(service, two_stages, stage="classify")] == [one["id"]]
    assert [letter["id"] for letter in letters(service, two_stages, reason="TooLarge")] == [two["id"]]
    with service.client as client:
        assert client.get(newest["content"]).content == PNG
        missing = f"{two_stages.path}/dead-letters/embed/{newest['partition']}/99/content"
        assert client.get(missing).status_code == 410


def test_a_dead_letter_is_redriven_as_it_was_for_the_stage_that_failed(
    start_service: StartService, two_stages: Pipeline
) -> None:
    service = start_service(two_stages)
    image = accepted(service, two_stages)
    two_stages.analyze(image, "embed")
    two_stages.fail(image, "classify")
    [letter] = wait_for_letters(service, two_stages, 1)
    done = redrive(service, two_stages, stage="classify", ids=[image["id"]])

    assert (done["redriven"], done["problems"], done["remaining"]) == (1, [], False)
    [back] = done["images"]
    original, again = sorted(two_stages.records(two_stages.images_topic), key=lambda record: record.timestamp()[1])
    assert (again.partition(), again.offset()) == (back["partition"], back["offset"])
    assert (again.key(), again.value()) == (original.key(), original.value())
    headers = headers_of(again)
    assert headers["ce_id"] == image["id"]
    assert headers["ce_type"] == "dev.darkroom.image.received"
    assert headers["content-type"] == "image/jpeg"
    assert headers["darkroom-target-stage"] == "classify"
    assert not [name for name in headers if name.startswith("darkroom-error")]
    assert len(headers) == len(again.headers() or [])
    [letter] = letters(service, two_stages)
    assert letter["redrivenAt"] is not None
    half = document(service, two_stages, image["id"])
    assert half["state"] == "PartlyFailed"
    assert half["image"]["offset"] == image["offset"]

    two_stages.analyze(image, "classify")
    whole = until(
        lambda: d if not (d := document(service, two_stages, image["id"]))["failures"] else None,
        "the result takes the place of the failure",
    )
    assert whole["state"] == "Analyzed"


def test_dead_letters_are_redriven_by_reason_time_or_all_and_only_once(
    start_service: StartService, pipeline: Pipeline
) -> None:
    service = start_service(pipeline)
    images = [accepted(service, pipeline, params={"key": "one"}) for _ in range(6)]
    for number, image in enumerate(images):
        pipeline.fail(image, reason="Slow" if number < 2 else "DecodeError")
    wait_for_letters(service, pipeline, 6)

    assert redrive(service, pipeline, stage="classify", since="2100-01-01T00:00:00Z")["redriven"] == 0
    by_reason = redrive(service, pipeline, stage="classify", reason="Slow")
    assert [image["id"] for image in by_reason["images"]] == [image["id"] for image in images[:2]]
    some = redrive(service, pipeline, stage="classify", all=True, limit=3)
    assert (some["redriven"], some["remaining"]) == (3, True)
    rest = redrive(service, pipeline, stage="classify", until="2100-01-01T00:00:00+01:00")
    assert (rest["redriven"], rest["remaining"]) == (1, False)
    assert redrive(service, pipeline, stage="classify", all=True)["redriven"] == 0
    assert len(pipeline.records(pipeline.images_topic)) == 12


@pytest.mark.parametrize(
    "which",
    [
        {"stage": "classify"},
        {"stage": "classify", "all": True, "reason": "DecodeError"},
        {"stage": "none", "all": True},
        {"stage": "classify", "since": "yesterday"},
        {"stage": "classify", "ids": []},
        {"stage": "classify", "all": True, "unknown": 1},
        {"all": True},
    ],
)
def test_an_ambiguous_redrive_is_refused(shared: tuple[Service, Pipeline], which: dict[str, Any]) -> None:
    service, pipeline = shared
    with service.client as client:
        answer = client.post(f"{pipeline.path}/dead-letters/redrive", json=which)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_request_for_a_redrive_is_read_only_up_to_a_limit(shared: tuple[Service, Pipeline]) -> None:
    service, pipeline = shared
    with service.client as client:
        answer = client.post(
            f"{pipeline.path}/dead-letters/redrive",
            content=b'{"stage": "classify", "all": true}'.ljust(2**20 + 1),
            headers={"Content-Type": "application/json"},
        )
    assert (answer.status_code, answer.json()["maxBytes"]) == (413, 2**20)


def test_the_former_path_and_fields_still_work(start_service: StartService, pipeline: Pipeline) -> None:
    service = start_service(pipeline)
    pipeline.fail(accepted(service, pipeline))
    wait_for_letters(service, pipeline, 1)
    with service.client as client:
        answer = client.post(f"{pipeline.path}/dead-letters/replay", json={"stage": "classify", "all": True})
        described = client.get("/openapi.json").json()["paths"]
    [letter] = letters(service, pipeline)

    assert answer.json()["replayed"] == answer.json()["redriven"] == 1
    assert letter["replayedAt"] == letter["redrivenAt"] is not None
    path = "/v1/pipelines/{namespace}/{name}/dead-letters/"
    assert described[f"{path}replay"]["post"]["deprecated"]
    assert "deprecated" not in described[f"{path}redrive"]["post"]


def test_a_letter_that_two_requests_redrive_is_published_once(start_service: StartService, pipeline: Pipeline) -> None:
    service = start_service(pipeline)
    images = [accepted(service, pipeline) for _ in range(40)]
    for image in images:
        pipeline.fail(image)
    wait_for_letters(service, pipeline, 40)
    selections = [{"all": True}, {"ids": [image["id"] for image in images]}] * 3
    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(lambda which: redrive(service, pipeline, stage="classify", **which), selections))
    rest = redrive(service, pipeline, stage="classify", all=True)

    assert sum(answer["redriven"] for answer in [*answers, rest]) == 40
    assert len(pipeline.records(pipeline.images_topic)) == 80
    assert all(letter["redrivenAt"] for letter in letters(service, pipeline))


def test_a_redrive_that_a_crash_has_interrupted_is_continued(start_service: StartService, pipeline: Pipeline) -> None:
    """An image that was published before the crash is in the log, and is not published again."""
    service = start_service(pipeline)
    one, two, three = (accepted(service, pipeline) for _ in range(3))
    for image in (one, two, three):
        pipeline.fail(image)
    found = {letter["id"]: letter for letter in wait_for_letters(service, pipeline, 3)}
    redrive(service, pipeline, stage="classify", ids=[one["id"]])
    assert service.stop() == 0
    with sqlite3.connect(service.database) as store:
        # The state after a crash between Kafka's acknowledgement of `one` and its mark, with `two` only claimed.
        store.execute("DELETE FROM replays")
        store.execute("UPDATE positions SET next_offset = 0 WHERE topic = ?", [pipeline.images_topic])
        topic = f"{pipeline.namespace}.digits.classify.dead-letters"
        for image in (one, two):
            letter = found[image["id"]]
            claim = (topic, letter["partition"], letter["offset"], "a process that is gone", 0)
            store.execute("INSERT INTO redrive_claims VALUES (?, ?, ?, ?, ?)", claim)
    service.start()
    done = redrive(service, pipeline, stage="classify", all=True)

    assert {image["id"] for image in done["images"]} == {two["id"], three["id"]}
    assert len(pipeline.records(pipeline.images_topic)) == 6
