"""The configuration of a share group: while Kafka is away, and by several loops."""

import threading
from concurrent.futures import ThreadPoolExecutor

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


def test_the_loops_of_a_process_configure_the_group_once() -> None:
    calls: list[int] = []
    configured = threading.Event()

    def configure() -> GroupLimits:
        calls.append(1)
        assert configured.wait(60)
        return GroupLimits(60, 10)

    group = clients.ConfiguredGroup(configure)
    with ThreadPoolExecutor(3) as loops:
        asked = [loops.submit(group.limits) for _ in range(3)]
        configured.set()
        assert [one.result(60) for one in asked] == [GroupLimits(60, 10)] * 3
    assert group.limits() == GroupLimits(60, 10)
    assert len(calls) == 1


def test_a_failed_configuration_is_tried_again_when_a_loop_asks_again() -> None:
    outcomes: list[GroupLimits] = []

    def configure() -> GroupLimits:
        if not outcomes:
            raise clients.CannotConfigureGroup("no broker responds")
        return outcomes[0]

    group = clients.ConfiguredGroup(configure)
    with pytest.raises(clients.CannotConfigureGroup):
        group.limits()
    outcomes.append(GroupLimits(60, 10))
    assert group.limits() == GroupLimits(60, 10)
