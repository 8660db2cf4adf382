"""pytest fixtures: the API server of the test run, a namespace in it, and a cluster for a single test.

Imports happen on demand: the Kubernetes client alone takes most of a second, which unit tests do not need.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.on_demand import Server, share, shared

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.kube.api_server import ApiServer
    from tests.support.kube.control_plane import ControlPlane

_NAME = "kubernetes"
_START_TIMEOUT_S = 270.0


def pytest_configure(config: pytest.Config) -> None:
    share(config, _NAME, _shared_control_plane)


def _shared_control_plane() -> Server:
    from tests.support.kube.clusters import SharedControlPlane  # noqa: PLC0415

    return SharedControlPlane()


@pytest.fixture(scope="session")
def api_server(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> ApiServer:
    """A real Kubernetes API server with its controllers, shared by all tests: use the fixture `namespace`."""
    from tests.support.kube.clusters import shared_api_server  # noqa: PLC0415

    return shared_api_server(shared(pytestconfig, _NAME, _START_TIMEOUT_S), tmp_path_factory.mktemp(_NAME))


@pytest.fixture
def namespace(api_server: ApiServer) -> str:
    """A new namespace in the shared cluster."""
    return api_server.namespace()


@pytest.fixture
def own_control_plane(tmp_path: Path) -> Iterator[ControlPlane]:
    """A cluster for this test alone (5 s, 500 MB), which may stop and restart its API server."""
    from tests.support.kube.clusters import crds, running_control_plane  # noqa: PLC0415

    with running_control_plane(tmp_path / _NAME, crds()) as control_plane:
        yield control_plane
