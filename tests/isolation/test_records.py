"""Records in the topics of one namespace, which a worker of it can forge, change and show nothing of another."""

import json
import uuid

from darkroom import events, names
from darkroom.cloudevents import CloudEvent, timestamp
from tests.support.isolation.tenants import Tenant
from tests.support.services.ingestion import JPEG
from tests.support.until import until

REDRIVE_OF = "darkroom-replay-of"


def test_an_idempotency_key_is_known_in_its_pipeline_only(ours: Tenant, theirs: Tenant) -> None:
    key = {"Idempotency-Key": "the same everywhere"}
    first = theirs.post(content=JPEG, headers=key)
    own = ours.post(content=JPEG, headers=key)
    assert own["id"] != first["id"]
    assert own["topic"] == ours.pipeline.images_topic
    assert ours.post(content=JPEG, headers=key)["id"] == own["id"]


def test_a_result_about_another_namespaces_image_changes_nothing_there_and_shows_nothing_here(
    ours: Tenant, theirs: Tenant
) -> None:
    image = theirs.post(content=JPEG)
    path = f"{theirs.pipeline.path}/images/{image['id']}"
    until(lambda: theirs.get(path), "the image is stored")
    before = theirs.get(path)

    ours.pipeline.analyze(image, ours.ids["stage"], "forged")  # its source is the record of the other namespace
    seen_after(ours)

    assert theirs.get(path) == before
    with ours.client() as client:
        for part in ("content", "thumbnail"):
            answer = client.get(f"{ours.pipeline.path}/images/{image['id']}/{part}")
            assert answer.status_code == 410, "as for an image that retention has removed from the own topic"


def test_a_dead_letter_about_another_namespaces_image_is_redriven_at_home(ours: Tenant, theirs: Tenant) -> None:
    image = theirs.post(content=JPEG)
    before = theirs.images()

    ours.pipeline.fail(image, ours.ids["stage"], reason="Forged", value=b"\xff\xd8\xff own bytes")
    seen_after(ours)
    with ours.client() as client:
        selection = {"stage": ours.ids["stage"], "ids": [image["id"]]}
        redriven = client.post(f"{ours.pipeline.path}/dead-letters/redrive", json=selection).json()

    assert [one["topic"] for one in redriven["images"]] == [ours.pipeline.images_topic]
    assert theirs.images() == before
    assert theirs.get(f"{theirs.pipeline.path}/images/{image['id']}")["state"] == "Received"


def test_a_record_marks_no_dead_letter_of_another_namespace_as_redriven(ours: Tenant, theirs: Tenant) -> None:
    failed = theirs.post(content=JPEG)
    theirs.pipeline.fail(failed, theirs.ids["stage"])
    path = f"{theirs.pipeline.path}/dead-letters"

    def letter() -> dict[str, object] | None:
        return next((one for one in theirs.get(path)["deadLetters"] if one["id"] == failed["id"]), None)

    found = until(letter, "the dead letter is stored")
    topic = names.dead_letters_topic(theirs.ids["namespace"], theirs.ids["name"], theirs.ids["stage"])
    event = CloudEvent(
        id="forged",
        source=names.images_source(theirs.ids["namespace"], theirs.ids["name"]),
        type=events.RECEIVED,
        time=timestamp(),
        content_type="image/jpeg",
    )
    marker = (REDRIVE_OF, f"{topic}/{found['partition']}/{found['offset']}".encode())
    ours.pipeline.publish(ours.pipeline.images_topic, JPEG, [*event.headers(), marker], b"forged", 0)
    seen_after(ours)

    assert letter() == found


def test_an_event_that_claims_another_namespace_stays_in_its_topics_pipeline(ours: Tenant, theirs: Tenant) -> None:
    image = ours.post(content=JPEG)
    event = CloudEvent(
        id=names.result_id(image["id"], theirs.ids["stage"]),
        source=names.stage_source(theirs.ids["namespace"], theirs.ids["name"], theirs.ids["stage"]),
        type=events.ANALYZED,
        time=timestamp(),
        content_type="application/json",
    )
    data = {"imageId": image["id"], "stage": theirs.ids["stage"], "predictions": [{"label": "claimed", "score": 1.0}]}
    topic = names.results_topic(ours.ids["namespace"], ours.ids["name"], ours.ids["stage"])
    ours.pipeline.publish(topic, json.dumps(data).encode(), event.headers(), image["id"].encode(), image["partition"])
    seen_after(ours)

    assert theirs.get(f"{theirs.pipeline.path}/results", label="claimed")["results"] == []


def seen_after(tenant: Tenant) -> None:
    """Wait until the service has read everything that is in the topics of a pipeline."""
    image = tenant.post(content=JPEG)
    path = f"{tenant.pipeline.path}/images"
    with tenant.client() as client:
        for partition in range(3):
            marker = {**image, "id": str(uuid.uuid4()), "partition": partition}
            tenant.pipeline.analyze(marker, tenant.ids["stage"])
            tenant.pipeline.fail(marker, tenant.ids["stage"])
            trace = f"{path}/{marker['id']}/trace"
            until(lambda at=trace: len(client.get(at).json().get("steps", [])) == 2, "its answers are read")
        # Not found is said once all images are read.
        until(lambda: client.get(f"{path}/{uuid.uuid4()}").status_code == 404, "images are read")
