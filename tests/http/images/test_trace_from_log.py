"""`darkroom trace --from-kafka`: from the log alone, the same as from the store."""

from collections.abc import Callable

from tests.support.services.command_line import Ran, darkroom
from tests.support.services.ingestion import Pipeline, Service, accepted
from tests.support.until import until

StartService = Callable[..., Service]


def from_log(pipeline: Pipeline, image_id: str, *options: str) -> Ran:
    kafka = ("--bootstrap-servers", pipeline.bootstrap_servers)
    name = f"{pipeline.namespace}/{pipeline.name}"
    return darkroom("trace", image_id, "--from-kafka", "--json", "--pipeline", name, *kafka, *options)


def test_the_log_tells_the_same_as_the_store(start_service: StartService, two_stages: Pipeline) -> None:
    service = start_service(two_stages)
    before = [accepted(service, two_stages, params={"key": "camera-7"}) for _ in range(20)]
    image = accepted(service, two_stages, params={"key": "camera-7"})
    two_stages.analyze_many([*before, image], "classify", label="one")
    two_stages.analyze(image, "classify", label="two")
    two_stages.fail({**image, "key": "camera-7"}, "embed")  # redriven into the partition of its key, after itself
    with service.client as client:
        path = f"{two_stages.path}/images/{image['id']}/trace"
        until(lambda: not client.get(path).json()["waiting"], "both stages are there")
        client.post(f"{two_stages.path}/dead-letters/redrive", json={"stage": "embed", "ids": [image["id"]]})
        steps = ["Received", "Analyzed", "Failed", "Redriven"]

        def complete() -> object:
            trace = client.get(path).json()
            return trace if {step["step"] for step in trace["steps"]} == set(steps) else None

        stored = until(complete, "the redrive is there")
    service.stop()

    ran = from_log(two_stages, image["id"])
    assert ran.code == 0, ran.err
    assert ran.json == stored


def test_an_image_without_a_time_in_its_id_is_found(pipeline: Pipeline) -> None:
    pipeline.publish(pipeline.images_topic, b"image", [], b"key", 1)
    ran = from_log(pipeline, f"{pipeline.images_topic}-1-0")
    assert [step["step"] for step in ran.json["steps"]] == ["Received"], ran.err
    pipeline.publish(pipeline.images_topic, b"image", [("ce_id", b"mine"), ("ce_type", b"x")], b"key", 2)
    assert from_log(pipeline, "mine").json["steps"][0]["record"]["partition"] == 2


def test_the_search_ends_at_its_limit_and_says_so(start_service: StartService, pipeline: Pipeline) -> None:
    service = start_service(pipeline)
    images = [accepted(service, pipeline, params={"key": "camera-7"}) for _ in range(5)]
    ran = from_log(pipeline, images[0]["id"], "--max-records", "1")
    assert ran.json["id"] == images[0]["id"]
    assert "results of classify were not searched: 1 records were read before: read more with --max-records" in ran.err


def test_what_is_not_there_is_named(pipeline: Pipeline) -> None:
    ran = from_log(pipeline, "019a3c5e-7b1d-7c42-9d0e-5a8f3b2c1d4e")
    assert (ran.code, ran.out) == (1, "")
    assert f"the log of {pipeline.namespace}/digits has no record of image 019a3c5e" in ran.err
    away = darkroom("trace", "x", "--from-kafka", "--bootstrap-servers", "127.0.0.1:9")
    assert away.code == 3
    assert "Kafka can't be reached" in away.err
    wrong = darkroom("trace", "x", "--from-kafka", "--bootstrap-servers", pipeline.bootstrap_servers, "-p", "nobody")
    assert "has no images topic of pipeline nobody" in wrong.err
    assert darkroom("trace", "x", "--from-kafka", "--since", "yesterday").code == 2
