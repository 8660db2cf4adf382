"""The kind cluster of `make kind-up`, our images in it, Kafka, and a namespace for each test."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from kind.cluster import Cluster, find
from kind.engine import find_engine
from kind.images import Image, build_images, load_images
from kind.settings import CHECKOUT, CLUSTER

if TYPE_CHECKING:
    from collections.abc import Iterator

_KAFKA_TIMEOUT_S = 180


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    """The cluster, which `make e2e` has made."""
    cluster = find(find_engine())
    if CLUSTER not in cluster.run_kind("get", "clusters").split():
        pytest.fail(f"there is no kind cluster {CLUSTER}: `make kind-up` first", pytrace=False)
    return cluster


@pytest.fixture(scope="session")
def images(cluster: Cluster) -> dict[str, Image]:
    """Our images by what is in them, as the checkout is now, all of them in the cluster."""
    images = build_images(cluster.engine)
    load_images(cluster, images)
    return {image.name: image for image in images}


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    """A namespace of this test's own, which takes only pods that are `restricted`."""
    name = f"e2e-{uuid.uuid4().hex[:8]}"
    cluster.run_kubectl("create", "namespace", name)
    cluster.run_kubectl("label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted")
    yield name
    cluster.run_kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture(scope="session")
def kafka(cluster: Cluster, images: dict[str, Image]) -> str:
    """The bootstrap servers of a Kafka of one broker, as seen from pods of Darkroom. It stays with the cluster."""
    image = images["kafka"]
    manifests = cluster.run_kubectl("kustomize", CHECKOUT / "k8s/kafka/plain").replace(image.release, image.reference)
    cluster.run_kubectl("apply", "-f", "-", stdin=manifests)
    wait = ("rollout", "status", "statefulset/kafka", "-n", "kafka", f"--timeout={_KAFKA_TIMEOUT_S}s")
    cluster.run_kubectl(*wait, timeout_s=_KAFKA_TIMEOUT_S + 30)
    return "kafka.kafka.svc:9092"
