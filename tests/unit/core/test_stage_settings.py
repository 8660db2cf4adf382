"""The settings of a worker, from the pipeline that it belongs to."""

from typing import Any

import pytest

from darkroom.api.validation import parse_pipeline
from darkroom.kafka.connection import KafkaConnection
from darkroom.stage_settings import DEFAULT_MAX_MESSAGE_BYTES, StageSettings, stage_settings
from darkroom.topology import topology
from tests.support.manifests import pipeline_manifest

KAFKA = KafkaConnection(bootstrap_servers="k:9092")


def settings_of(stage: dict[str, Any] | None = None, **spec: Any) -> StageSettings:
    """Settings of the stage `classify` of the pipeline `demo/digits`."""
    manifest = pipeline_manifest(stages=["classify"], **spec)
    manifest["spec"]["stages"][0] |= stage or {}
    pipeline = parse_pipeline(manifest)
    return stage_settings(pipeline, topology(pipeline).stages[0], KAFKA)


def test_a_worker_is_told_its_topics_and_its_group() -> None:
    settings = settings_of()
    assert settings.images_topic == "demo.digits.images"
    assert settings.results_topic == "demo.digits.classify.results"
    assert settings.dead_letters_topic == "demo.digits.classify.dead-letters"
    assert settings.consumer_group == "demo.digits.classify"
    assert (settings.replay, settings.model_path, settings.loops) == (None, None, 1)


def test_a_worker_of_a_queue_is_told_its_mode_and_its_share_group() -> None:
    settings = settings_of({"mode": "Queue"})
    assert (settings.stage.mode, settings.share_group) == ("Queue", "demo.digits.classify.queue")
    assert settings.attempts_group == "demo.digits.classify.queue.attempts"


@pytest.mark.parametrize(("config", "limit"), [({}, DEFAULT_MAX_MESSAGE_BYTES), ({"max.message.bytes": "5000"}, 5_000)])
def test_a_result_may_be_as_large_as_its_topic_takes(config: dict[str, str], limit: int) -> None:
    assert settings_of({"results": {"config": config}}).max_result_bytes == limit


def test_an_image_may_be_as_large_as_the_pipeline_takes() -> None:
    assert settings_of(images={"partitions": 1, "maxBytes": "2Mi"}).max_image_bytes == 2 * 2**20


def test_settings_are_read_as_they_were_written() -> None:
    settings = settings_of()
    assert StageSettings.model_validate_json(settings.model_dump_json(by_alias=True, exclude_none=True)) == settings


@pytest.mark.parametrize("loops", [0, 257])
def test_loops_are_limited(loops: int) -> None:
    with pytest.raises(ValueError, match="loops"):
        StageSettings.model_validate(settings_of().model_dump(by_alias=True) | {"loops": loops})
