"""`darkroom doctor` with a real Kafka and a real service."""

import socket
from pathlib import Path
from typing import Any

import yaml
from confluent_kafka.admin import AdminClient

from darkroom.kafka.topics import ensure_topics
from darkroom.topology import Topic
from tests.support.kafka import SharedKafka
from tests.support.services.command_line import Ran, darkroom
from tests.support.services.ingestion import make_pipeline


def by_check(ran: Ran) -> dict[str, Any]:
    return {finding["check"]: finding for finding in ran.json["checks"]}


def test_a_kafka_is_compared_with_the_manifest(kafka: SharedKafka, tmp_path: Path) -> None:
    pipeline = make_pipeline(kafka.bootstrap_servers)
    file = tmp_path / "pipeline.yaml"
    file.write_text(yaml.safe_dump(pipeline.manifest))
    ran = darkroom("doctor", "--file", file, "--json")
    found = by_check(ran)
    assert (ran.code, ran.json["ok"]) == (0, True), ran.out
    assert (found["Kafka"]["state"], found["topics"]["state"], found["Python"]["state"]) == ("Ok", "Ok", "Ok")

    small = {"retention.ms": "604800000", "max.message.bytes": "5000"}
    ensure_topics(
        AdminClient({"bootstrap.servers": kafka.bootstrap_servers}),
        [Topic(pipeline.images_topic, "images", 3, 1, small)],
    )
    ran = darkroom("doctor", "--file", file)
    assert ran.code == 1
    said = " ".join(ran.out.split())
    assert f"Problem topic {pipeline.images_topic}: max.message.bytes is 5,000, but the manifest needs 167,936" in said
    assert "1 problem(s)" in said


def test_a_service_is_checked_with_its_clock(digits: str) -> None:
    found = by_check(darkroom("doctor", "--url", digits, "--json"))
    assert (found["ingestion service"]["state"], found["clock"]["state"]) == ("Ok", "Ok")


def test_what_is_wrong_is_named_with_what_to_do(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = darkroom(
            *("doctor", "--port", str(port), "--bootstrap-servers", "127.0.0.1:9", "--url", "http://127.0.0.1:9"),
            *("--file", tmp_path / "missing.yaml", "--json"),
        )
    found = by_check(ran)
    assert ran.code == 1
    states = {check: finding["state"] for check, finding in found.items()}
    assert states[f"port {port}"] == "Warning"
    assert {states[check] for check in ("manifest", "Kafka", "ingestion service")} == {"Problem"}
    assert all(finding["advice"] for finding in found.values() if finding["state"] != "Ok")


def test_without_a_kafka_its_check_is_skipped(tmp_path: Path) -> None:
    ran = darkroom("doctor", "--data-dir", tmp_path / "none", "--json")
    assert by_check(ran)["Kafka"]["state"] == "Skipped"
    wrong = darkroom("doctor", "--kafka-config", tmp_path / "none")
    assert (wrong.code, len(wrong.errors)) == (2, 1)
