"""Fixtures for the tests of the operator."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.kube.api_server import ApiServer
from tests.support.kube.control_plane import ControlPlane
from tests.support.services.operator import Site, site
from tests.support.strimzi.crds import strimzi_crds
from tests.support.until import until


@pytest.fixture
def here(api_server: ApiServer, tmp_path: Path) -> Iterator[Site]:
    """Two new namespaces: for pipelines, and for their Kafka."""
    with site(api_server, tmp_path) as made:
        yield made


@pytest.fixture
def without_strimzi(own_control_plane: ControlPlane, tmp_path: Path) -> Iterator[Site]:
    """A site in a new cluster without Strimzi's CRDs."""
    api = own_control_plane.server.admin.api()
    definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    paths = [f"{definitions}/{crd['metadata']['name']}" for crd in strimzi_crds()]
    for path in paths:
        api.delete(path)
    until(lambda: not any(map(api.find, paths)), "Strimzi is not there")
    with site(own_control_plane.server, tmp_path) as made:
        yield made
