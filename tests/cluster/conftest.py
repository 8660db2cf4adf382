"""Fixtures for the tests of the operator."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.kube.api_server import ApiServer
from tests.support.kube.clusters import our_crds, running_control_plane
from tests.support.services.operator import Site, site


@pytest.fixture
def here(api_server: ApiServer, tmp_path: Path) -> Iterator[Site]:
    """Two new namespaces: for pipelines, and for their Kafka."""
    with site(api_server, tmp_path) as made:
        yield made


@pytest.fixture
def without_strimzi(tmp_path: Path) -> Iterator[Site]:
    """A site in a new cluster without Strimzi's CRDs."""
    with (
        running_control_plane(tmp_path / "kubernetes", our_crds()) as control_plane,
        site(control_plane.server, tmp_path) as made,
    ):
        yield made
