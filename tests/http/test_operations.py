"""Starting, stopping, health, and a catalog that changes."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.services.ingestion import JPEG, Pipeline, Service, accepted, document, headers_of, post
from tests.support.until import until

StartService = Callable[..., Service]


def cannot_start(*options: str, environment: dict[str, str] | None = None) -> str:
    """The line that a failed start prints."""
    ended = subprocess.run(
        [sys.executable, "-m", "darkroom_ingestion", *options],
        capture_output=True,
        timeout=120,
        check=False,
        env=os.environ | (environment or {}),
    )
    assert ended.returncode == 2, ended
    assert ended.stdout == b""
    [line] = ended.stderr.decode().splitlines()
    return line


def test_a_start_that_fails_says_why_in_one_line(tmp_path: Path) -> None:
    catalog = tmp_path / "catalog.json"
    catalog.write_text('{"entries": []}')
    database = ("--database", f"sqlite:///{tmp_path}/store.db")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"port {port}" in cannot_start("--catalog", str(catalog), *database, "--port", port)
    assert "none.json" in cannot_start("--catalog", f"{tmp_path}/none.json", *database)
    assert "--port" in cannot_start("--catalog", str(catalog), environment={"DARKROOM_PORT": "many"})


def test_a_second_replica_on_one_sqlite_store_does_not_start(shared: tuple[Service, Pipeline]) -> None:
    service, _ = shared
    options = ("--catalog", str(service.catalog), "--port", "0", "--database", f"sqlite:///{service.database}")
    assert "SQLite means one replica" in cannot_start(*options)


def test_health_and_readiness_name_what_they_checked(shared: tuple[Service, Pipeline]) -> None:
    service, _ = shared
    with service.client as client:
        ready, healthy = client.get("/readyz"), client.get("/healthz")
    assert ready.status_code == healthy.status_code == 200
    names = {check["name"].split()[0] for check in ready.json()["checks"]}
    assert names == {"service", "store", "catalog", "kafka", "publisher", "topics", "results", "live"}
    assert all(check["ok"] for check in ready.json()["checks"])


def test_a_missing_topic_makes_the_service_not_ready_and_says_which(
    start_service: StartService, pipeline: Pipeline
) -> None:
    stage = pipeline.manifest["spec"]["stages"][0]
    pipeline.manifest["spec"]["stages"] = [stage, stage | {"name": "later"}]
    service = start_service(pipeline, ready=False)
    with service.client as client:
        missing = f"{pipeline.namespace}.digits.later.results"
        until(lambda: missing in client.get("/readyz").text, "the topic is named")
        assert client.get("/readyz").status_code == 503
    pipeline.make_topics()
    until(service.is_ready, "ready once the topic is there")


def test_metrics_count_requests_by_route_and_images(shared: tuple[Service, Pipeline]) -> None:
    service, pipeline = shared
    accepted(service, pipeline)
    with service.client as client:
        client.get("/some/path/that/nobody/has")
        text = client.get("/metrics").text
    route = "/v1/pipelines/{namespace}/{name}/images"
    assert f'darkroom_http_requests_total{{method="POST",route="{route}",status="202"}}' in text
    assert f'darkroom_images_accepted_total{{pipeline="{pipeline.namespace}/digits"}}' in text
    assert "nobody" not in text


def test_pipelines_are_listed_with_their_topics_and_links(shared: tuple[Service, Pipeline]) -> None:
    service, pipeline = shared
    with service.client as client:
        [listed] = client.get("/v1/pipelines").json()["pipelines"]
        assert client.get(pipeline.path).json() == listed
        assert client.get(listed["links"]["results"]).status_code == 200
        schemas = client.get("/v1/schemas").json()
    assert listed["imagesTopic"] == pipeline.images_topic
    assert [stage["resultsTopic"] for stage in listed["stages"]] == [f"{pipeline.namespace}.digits.classify.results"]
    assert schemas["dev.darkroom.image.analyzed"]["properties"]["imageId"]


def test_a_changed_catalog_is_used_and_an_invalid_one_is_not(
    start_service: StartService, pipeline: Pipeline, two_stages: Pipeline
) -> None:
    service = start_service(pipeline)
    image = accepted(service, pipeline)
    service.pipelines.append(two_stages)
    service.write_catalog()
    until(lambda: post(service, two_stages).status_code == 202, "the new pipeline is served")
    new = accepted(service, two_stages)
    two_stages.analyze(new, "embed")
    until(lambda: document(service, two_stages, new["id"])["results"], "its results are read")
    assert document(service, pipeline, image["id"])["id"] == image["id"]

    good = service.catalog.read_text()
    service.catalog.write_text(good[: len(good) // 2])
    until(lambda: "catalog is invalid" in service.log, "the broken one is noticed")
    assert accepted(service, two_stages)
    service.pipelines = [two_stages]
    service.write_catalog()
    until(lambda: post(service, pipeline).status_code == 404, "the old pipeline is gone")


def test_a_stop_finishes_requests_in_flight(start_service: StartService, pipeline: Pipeline) -> None:
    service = start_service(pipeline)
    head = (
        f"POST {pipeline.path}/images HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\nContent-Length: 1016\r\n\r\n"
    )
    with (
        socket.create_connection(("127.0.0.1", service.port), timeout=60) as connection,
        ThreadPoolExecutor(1) as thread,
    ):
        connection.sendall(head.encode() + JPEG[:500])
        until(lambda: "darkroom_body_bytes 500.0" in service.client.get("/metrics").text, "the half has come")
        stopping = thread.submit(service.stop)
        until(lambda: not _accepts_connections(service.port), "nothing new is accepted")
        connection.sendall(JPEG[500:])
        answer = connection.recv(65_536)
        assert stopping.result() == 0

    assert answer.startswith(b"HTTP/1.1 202")
    [record] = pipeline.records(pipeline.images_topic)
    assert headers_of(record)["ce_id"] in answer.decode()


def test_logs_are_json_and_hold_no_image(shared: tuple[Service, Pipeline]) -> None:
    service, pipeline = shared
    accepted(service, pipeline)
    lines = [json.loads(line) for line in service.log.splitlines()]
    assert {"serving", "listening"} <= {line["event"] for line in lines}


@pytest.mark.parametrize("path", ["/docs", "/openapi.json"])
def test_the_interface_describes_itself(shared: tuple[Service, Pipeline], path: str) -> None:
    service, _ = shared
    with service.client as client:
        assert client.get(path).status_code == 200


def _accepts_connections(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True
