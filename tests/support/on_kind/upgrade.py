"""The sample pipeline on the previous chart, and the upgrade to this one while images are sent."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from darkroom_cli.processes.ports import Reservation
from kind.settings import CHECKOUT
from tests.support.documents import Block, blocks
from tests.support.on_kind import kubectl, leftovers
from tests.support.on_kind.callers import signed_in
from tests.support.on_kind.ingestion import Stream
from tests.support.on_kind.reader import IN_THE_CLUSTER, read

if TYPE_CHECKING:
    from kind.cluster import Cluster
    from tests.support.on_kind.release import Release

CRD = "imagepipelines.darkroom.dev"
INSTALL_DOCUMENT = (CHECKOUT / "docs/how-to/install-on-kubernetes.md").relative_to(CHECKOUT)


@dataclass(frozen=True)
class Upgraded:
    """The outcome of the upgrade.

    Attributes:
        documents: The documents of all images accepted during the upgrade.
        longest_pause_s: The longest time between two accepted images.
        helm_s: The duration of `helm upgrade --wait`.
        workers_s: The time from the upgrade to the last worker with the new image.
        said: The output of the document's commands before.
        former_crd: The CRD of the previous chart.
    """

    documents: list[dict[str, Any]]
    longest_pause_s: float
    helm_s: float
    workers_s: float
    said: str
    former_crd: dict[str, Any]


def upgrade(cluster: Cluster, release: Release) -> Upgraded:
    """Install the previous chart and the sample according to docs/how-to/install-on-kubernetes.md, and upgrade."""
    for namespace in ("darkroom", "demo"):
        if not kubectl.get(cluster, "namespace", namespace):
            cluster.run_kubectl("create", "namespace", namespace)
        cluster.run_kubectl("label", "namespace", namespace, leftovers.RESTRICTED, "--overwrite")
    # With the CRD of the previous chart.
    cluster.run_kubectl("delete", "crd", CRD, "--ignore-not-found")
    release.install_previous()
    former_crd = kubectl.get(cluster, "crd", CRD)
    said, _ = read(_with_the_previous_chart(blocks(INSTALL_DOCUMENT, "sh cluster")), IN_THE_CLUSTER)
    # The previous service ignores the token.
    ingestion = signed_in(cluster)
    with Stream(ingestion) as stream:
        read(blocks(INSTALL_DOCUMENT, "sh cluster upgrade"), IN_THE_CLUSTER)
        started = time.monotonic()
        release.upgrade()
        helm_s = time.monotonic() - started
        _workers_run(cluster, release.worker_image())
        workers_s = time.monotonic() - started
        stream.flows()
    ingestion.close()
    return Upgraded(stream.documents, stream.longest_pause_s, helm_s, workers_s, said, former_crd)


def _with_the_previous_chart(commands: list[Block]) -> list[Block]:
    """The commands at a free local port, and for a CRD that lacks fields of the sample."""
    reservation = Reservation()
    reservation.release()
    changes = {"8080": str(reservation.port), "kubectl apply -f": "kubectl apply --validate=warn -f"}
    for old, new in changes.items():
        commands = [replace(block, commands=block.commands.replace(old, new)) for block in commands]
    return commands


def _workers_run(cluster: Cluster, image: str) -> None:
    template = "jsonpath={.items[*].spec.template.spec.containers[0].image}"

    def asked() -> bool:
        found = cluster.run_kubectl("get", "deployments", "-n", "demo", "-o", template).split()
        return set(found) == {image}

    kubectl.seen(asked, f"workers are to run {image}")
    for deployment in kubectl.names(cluster, "deployments", "-n", "demo"):
        kubectl.rolled_out(cluster, f"deployment/{deployment}", "demo")
