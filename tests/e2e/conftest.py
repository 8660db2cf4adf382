"""The kind cluster of `make kind-up`, our images in it, Kafka, Darkroom from its chart, and a namespace for a test.

What the tests share is made once, when the first of them needs it: in the order of `_STORY` the cluster goes through a
life, from what a newcomer does to its end. A test may also be run alone.
"""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kind.cluster import Cluster, find
from kind.engine import find_engine
from kind.images import Image, build_images, load_images
from kind.settings import CHECKOUT, CLUSTER
from tests.support.chart import Helm
from tests.support.on_kind import kubectl, leftovers, strimzi
from tests.support.on_kind.callers import signed_in
from tests.support.on_kind.evidence import evidence
from tests.support.on_kind.numbers import Numbers
from tests.support.on_kind.release import Release
from tests.support.on_kind.upgrade import Upgraded, upgrade

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from tests.support.on_kind.ingestion import IngestionClient

_STORY = (
    "test_kind_document",
    "test_images",
    "test_plain_kafka",
    "test_upgrade",
    "test_pipeline",
    "test_access",
    "test_workers",
    "test_isolation",
    "test_trouble",
    "test_end",
)
_NUMBERS = pytest.StashKey[Numbers]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_NUMBERS] = Numbers()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the tests of this folder; other tests keep their order."""
    here = Path(__file__).parent
    ours = [item for item in items if item.path.parent == here]
    in_order = iter(sorted(ours, key=lambda item: _STORY.index(item.path.stem)))
    items[:] = [next(in_order) if item.path.parent == here else item for item in items]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    numbers = config.stash[_NUMBERS]
    if numbers.lines:
        terminalreporter.section("measured in the kind cluster")
        for line in numbers.lines:
            terminalreporter.line(line)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the state of the cluster to the report of a failed test."""
    report = yield
    if report.failed and "cluster" in getattr(item, "fixturenames", ()):
        report.sections += evidence(find(find_engine()))
    return report


@pytest.fixture(scope="session")
def numbers(pytestconfig: pytest.Config) -> Numbers:
    """The collector of measurements."""
    return pytestconfig.stash[_NUMBERS]


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    """The cluster of `make e2e`, without leftovers of an earlier run."""
    cluster = find(find_engine())
    if CLUSTER not in cluster.run_kind("get", "clusters").split():
        pytest.fail(f"there is no kind cluster {CLUSTER}: `make kind-up` first", pytrace=False)
    leftovers.clear(cluster)
    return cluster


@pytest.fixture(scope="session")
def images(cluster: Cluster) -> dict[str, Image]:
    """The images of this checkout by name, loaded into the cluster."""
    images = build_images(cluster.engine)
    by_name = {image.name: image for image in images}
    stand_in = strimzi.build_stand_in(cluster, by_name["operator"])
    load_images(cluster, [*images, stand_in])
    return by_name


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    """A new namespace that accepts only `restricted` pods."""
    name = f"e2e-{uuid.uuid4().hex[:8]}"
    cluster.run_kubectl("create", "namespace", name)
    cluster.run_kubectl("label", "namespace", name, leftovers.RESTRICTED)
    yield name
    cluster.run_kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture(scope="session")
def kafka(cluster: Cluster, images: dict[str, Image]) -> str:
    """The bootstrap servers of a single-broker Kafka, for Darkroom's pods."""
    if not kubectl.get(cluster, "statefulset", "kafka", "-n", "kafka"):
        cluster.run_kubectl("apply", "-k", CHECKOUT / "k8s/kafka/plain")
    kubectl.rolled_out(cluster, "statefulset/kafka", "kafka", timeout_s=180)
    return "kafka.kafka.svc:9092"


@pytest.fixture(scope="session")
def release(cluster: Cluster, images: dict[str, Image], tmp_path_factory: pytest.TempPathFactory) -> Release:
    """The Helm release, which may not be installed yet."""
    return Release(Helm(tmp_path_factory.mktemp("helm"), cluster.kubeconfig), images)


@pytest.fixture(scope="session")
def upgraded(cluster: Cluster, kafka: str, release: Release) -> Upgraded:
    """Darkroom with the sample on Strimzi's Kafka, upgraded from the previous chart while images were sent."""
    strimzi.install(cluster)
    return upgrade(cluster, release)


@pytest.fixture
def ingestion(cluster: Cluster, upgraded: Upgraded) -> Iterator[IngestionClient]:
    """A client of the sample pipeline's ingestion service."""
    ingestion = signed_in(cluster)
    yield ingestion
    ingestion.close()
