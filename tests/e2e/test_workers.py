"""Workers are added, removed and get another model while images are sent, and no image is lost."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from typing import TYPE_CHECKING

import onnx
import pytest

from tests.support.on_kind import kubectl
from tests.support.on_kind.ingestion import IngestionClient, Stream, result_of
from tests.support.until import until

if TYPE_CHECKING:
    from kind.cluster import Cluster
    from tests.support.on_kind.numbers import Numbers

pytestmark = pytest.mark.e2e

_STAGES = ("classify", "embed")
_CLASSIFY = "darkroom.dev/stage=classify"


def ready_workers(cluster: Cluster, count: int) -> None:
    """Wait until every stage has `count` ready workers."""
    for stage in _STAGES:
        deployment = f"digits-{stage}"
        kubectl.seen(
            lambda name=deployment: kubectl.get(cluster, "deployment", name, "-n", "demo")["spec"]["replicas"] == count,
            f"{deployment} is asked for {count}",
        )
        kubectl.rolled_out(cluster, f"deployment/{deployment}", "demo")
    kubectl.wait(cluster, "imgp/digits", "condition=Ready", "-n", "demo")


def test_kubectl_scale_sets_the_number_of_workers_of_every_stage(
    cluster: Cluster, ingestion: IngestionClient, numbers: Numbers
) -> None:
    with Stream(ingestion) as stream:
        for count in (2, 1):
            started = time.monotonic()
            cluster.run_kubectl("scale", "imgp/digits", "-n", "demo", f"--replicas={count}")
            ready_workers(cluster, count)
            numbers.measured(f"kubectl scale to {count}, until ready", time.monotonic() - started, "s")
            stream.flows()


def test_a_new_model_rolls_out_without_a_lost_image(
    cluster: Cluster, ingestion: IngestionClient, numbers: Numbers
) -> None:
    """The same network with another comment in the file: different bytes, the same results."""
    config_map = kubectl.get(cluster, "configmap", "digits-model", "-n", "demo")
    pipeline = kubectl.get(cluster, "imgp", "digits", "-n", "demo")
    model = onnx.load_from_string(base64.b64decode(config_map["binaryData"]["digits.onnx"]))
    model.doc_string = f"trained again at {time.time()}"
    new = model.SerializeToString()
    sha256 = hashlib.sha256(new).hexdigest()
    stages = pipeline["spec"]["stages"]
    former = stages[0]["model"]["sha256"]
    stages[0]["model"]["sha256"] = sha256

    started = time.monotonic()
    with Stream(ingestion) as stream:
        data = {"binaryData": {"digits.onnx": base64.b64encode(new).decode()}}
        patch(cluster, "configmap/digits-model", data)
        patch(cluster, "imgp/digits", {"spec": {"stages": stages}})
        until(lambda: analysed_by(ingestion) == sha256, f"results of {sha256}", kubectl.WAIT_S)
        numbers.measured("a new model, until its first result", time.monotonic() - started, "s")
        kubectl.rolled_out(cluster, "deployment/digits-classify", "demo")
        stream.flows()

    models = [result_of(document, "classify")["model"]["sha256"] for document in stream.documents]
    assert set(models) == {former, sha256}
    assert models[-1] == sha256


def test_a_worker_that_is_killed_loses_no_image(cluster: Cluster, ingestion: IngestionClient, numbers: Numbers) -> None:
    (victim,) = kubectl.pods(cluster, "demo", _CLASSIFY)
    with Stream(ingestion) as stream:
        started = time.monotonic()
        cluster.run_kubectl("delete", "pod", victim, "-n", "demo", "--grace-period=0", "--force")
        kubectl.seen(lambda: victim not in kubectl.pods(cluster, "demo", _CLASSIFY), f"{victim} is gone")
        kubectl.rolled_out(cluster, "deployment/digits-classify", "demo")
        stream.flows()
    numbers.measured("a killed worker, until all its images were answered", time.monotonic() - started, "s")


def patch(cluster: Cluster, what: str, change: dict[str, object]) -> None:
    cluster.run_kubectl("patch", what, "-n", "demo", "--type=merge", "-p", json.dumps(change))


def analysed_by(ingestion: IngestionClient) -> str:
    """The SHA-256 of the latest result's model."""
    page = ingestion.get(f"{ingestion.path}/results", stage="classify", limit="1") or {"results": []}
    latest = page["results"][:1]
    return str(latest[0]["model"]["sha256"]) if latest else ""
