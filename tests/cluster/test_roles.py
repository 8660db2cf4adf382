"""Access to images in a cluster: tokens and Roles of a real API server, as the chart sets the service up."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.kafka import SharedKafka
from tests.support.kube.api_server import ApiServer
from tests.support.kube.port_forwards import forwarding_node, ready_pod
from tests.support.network.certificates import make_certificate
from tests.support.services.access.cluster_callers import ClusterCallers, cluster_callers
from tests.support.services.access.roles import Callers, audited, check_roles
from tests.support.services.cluster_ingestion import ServedCluster, served_cluster
from tests.support.services.command_line import DARKROOM, IMAGES
from tests.support.services.ingestion import JPEG, Pipeline, Service
from tests.support.until import until

LABELS = {"app.kubernetes.io/part-of": "darkroom", "app.kubernetes.io/component": "ingestion"}
REVIEWS = {"tokenreviews", "subjectaccessreviews"}


@dataclass
class Checked:
    """A service that checks its callers, and a pipeline with the stage `classify`."""

    cluster: ServedCluster
    service: Service
    pipeline: Pipeline
    callers: ClusterCallers


@pytest.fixture(scope="module")
def checked(api_server: ApiServer, kafka: SharedKafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checked]:
    folder = tmp_path_factory.mktemp("checked")
    with (
        served_cluster(api_server, folder) as cluster,
        cluster_callers(api_server, cluster.namespace, folder) as callers,
    ):
        service = cluster.start(None, "--access", "kubernetes", "--audit-log", str(folder / "audit"))
        pipeline = cluster.apply("digits", kafka.bootstrap_servers)
        cluster.topics_are_ready(pipeline)
        yield Checked(cluster, service, pipeline, callers)


def test_callers_have_the_rights_of_their_roles_and_the_audit_log_shows_it(checked: Checked) -> None:
    elsewhere = checked.cluster.api_server.namespace("elsewhere")
    namespace = checked.pipeline.namespace
    callers = Callers(
        f"http://127.0.0.1:{checked.service.port}",
        checked.pipeline.path,
        submitter=checked.callers.token("sender", "submitter"),
        viewer=checked.callers.token("reader", "viewer"),
        outsider=checked.callers.token("outsider", home=elsewhere),
    )
    check_roles(callers, JPEG)

    pipeline = f"{namespace}/digits"
    expected = {
        ("Submit", f"system:serviceaccount:{namespace}:sender", pipeline),
        ("Read", f"system:serviceaccount:{namespace}:reader", pipeline),
        ("Refused", f"system:serviceaccount:{namespace}:sender", pipeline),
        ("Refused", f"system:serviceaccount:{namespace}:reader", pipeline),
        ("Refused", f"system:serviceaccount:{elsewhere}:outsider", pipeline),
    }
    log = checked.cluster.folder / "audit"
    until(lambda: expected <= audited(log.read_text().splitlines()), "the audit log has every caller")


def test_a_refusal_takes_the_same_reviews_whether_the_pipeline_exists_or_not(checked: Checked) -> None:
    accounts = {"digits": "curious", "nothin": "curious-too"}
    tokens = {name: checked.callers.token(account) for name, account in accounts.items()}
    asked: dict[str, list[tuple[str, int]]] = {}
    for name, token in tokens.items():
        log = checked.cluster.api_server.audit.from_now()
        path = f"/v1/pipelines/{checked.pipeline.namespace}/{name}/images/some-id/content"
        with checked.service.client as client:
            assert client.get(path, headers={"Authorization": f"Bearer {token}"}).status_code == 403
        user = f"system:serviceaccount:{checked.cluster.kafka_namespace}:darkroom-ingestion"

        def reviews(log: Any = log, user: str = user) -> list[tuple[str, int]]:
            return [(one.resource, one.code) for one in log.requests(user) if one.resource in REVIEWS]

        until(lambda seen=reviews: len(seen()) >= 2, "the reviews are logged")
        asked[name] = reviews()
    assert asked["digits"] == asked["nothin"] == [("tokenreviews", 201), ("subjectaccessreviews", 201)]


def test_the_command_line_makes_tokens_and_reaches_a_service_with_tls(
    checked: Checked, tmp_path: Path, kafka: SharedKafka
) -> None:
    namespace, server = checked.pipeline.namespace, checked.cluster.api_server
    make_certificate(tmp_path, "ingestion")
    tls = ("--tls-cert", str(tmp_path / "tls.crt"), "--tls-key", str(tmp_path / "tls.key"))
    service = Service(tmp_path, [], [*checked.service.options, *tls])
    checked.callers.token("camera", "submitter", "viewer")
    node = f"node-of-{namespace}"
    try:
        service.start(ready=False)
        with forwarding_node(server.admin.api(), node, tmp_path):
            ready_pod(server.admin.api(), namespace, node, LABELS, service.port, port_name="https")
            command = [DARKROOM, "submit", IMAGES / "digit-0011-label-one.jpg", "--json", "-n", namespace]
            ran = subprocess.run(
                [*command, "--service-namespace", namespace, "--service-account", "camera"],
                env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "KUBECONFIG": str(server.kubeconfig)},
                capture_output=True,
                text=True,
                timeout=90,
                check=False,
            )
        assert ran.returncode == 0, ran.stderr
        assert f"{namespace}.digits.images" in ran.stdout
    finally:
        service.kill()
