"""Access to images: callers have the rights of their roles, and the audit log shows what they did."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.support.on_kind import kubectl
from tests.support.on_kind.callers import token
from tests.support.on_kind.ingestion import PICTURES, URL, IngestionClient
from tests.support.services.access.roles import Callers, audited, check_roles
from tests.support.services.command_line import DARKROOM

if TYPE_CHECKING:
    from kind.cluster import Cluster

pytestmark = pytest.mark.e2e

_PIPELINE = "demo/digits"


def test_callers_have_the_rights_of_their_roles_and_the_audit_log_shows_it(
    cluster: Cluster, ingestion: IngestionClient, namespace: str
) -> None:
    callers = Callers(
        URL,
        ingestion.path,
        submitter=token(cluster, "demo", "sender", "submitter"),
        viewer=token(cluster, "demo", "reader", "viewer"),
        outsider=token(cluster, namespace, "outsider", "admin", of=namespace),
    )
    picture = next(picture for picture in PICTURES if picture.content_type == "image/jpeg")
    check_roles(callers, picture.path.read_bytes())

    expected = {
        ("Submit", "system:serviceaccount:demo:sender", _PIPELINE),
        ("Read", "system:serviceaccount:demo:reader", _PIPELINE),
        ("Refused", "system:serviceaccount:demo:sender", _PIPELINE),
        ("Refused", "system:serviceaccount:demo:reader", _PIPELINE),
        ("Refused", f"system:serviceaccount:{namespace}:outsider", _PIPELINE),
    }

    def written() -> bool:
        log = cluster.run_kubectl("logs", "-n", "darkroom", "-l", "app.kubernetes.io/component=ingestion", "--tail=-1")
        return expected <= audited(log.splitlines())

    kubectl.seen(written, "the audit log has every caller")


def test_the_command_line_makes_tokens_for_a_service_account(cluster: Cluster, ingestion: IngestionClient) -> None:
    token(cluster, "demo", "camera", "submitter", "viewer")
    where = ("-n", "demo", "--service-account", "camera")
    done = subprocess.run(
        [DARKROOM, "submit", PICTURES[0].path, "--wait", "--json", *where],
        env={**os.environ, "KUBECONFIG": str(cluster.kubeconfig)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0]["state"] == "Analyzed"


def test_without_a_token_only_the_console_and_probes_answer(ingestion: IngestionClient) -> None:
    stranger = IngestionClient("none")
    assert stranger.get("/v1/pipelines") is None
    assert stranger.get("/metrics") is None
    assert stranger.get("/healthz") is not None
    stranger.close()
