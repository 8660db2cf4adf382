"""The configuration of a share group while Kafka is away."""

import pytest

from darkroom.api.validation import parse_pipeline
from darkroom.kafka.connection import KafkaConnection
from darkroom.stage_settings import stage_settings
from darkroom.topology import topology
from darkroom_inference.share_group import clients
from darkroom_inference.share_group.limits import GroupLimits
from tests.support.manifests import pipeline_manifest


def test_errors_of_the_connection_are_log_lines_of_the_worker(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(clients, "_ANSWER_S", 1.0)
    manifest = pipeline_manifest(stages=["classify"])
    manifest["spec"]["stages"][0]["mode"] = "Queue"
    pipeline = parse_pipeline(manifest)
    settings = stage_settings(pipeline, topology(pipeline).stages[0], KafkaConnection(bootstrap_servers="127.0.0.1:1"))
    with pytest.raises(clients.CannotConfigureGroup):
        clients.configure_group(settings, GroupLimits(60, 10))
    assert "%3|" not in capfd.readouterr().err
