"""Fixtures for the tests of the Helm chart."""

from pathlib import Path

import pytest

from tests.support.chart import Helm
from tests.support.kube.api_server import ApiServer

RESTRICTED = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}


@pytest.fixture
def helm(api_server: ApiServer, tmp_path: Path) -> Helm:
    return Helm(tmp_path, api_server.kubeconfig)


@pytest.fixture
def restricted(api_server: ApiServer) -> str:
    """A namespace that accepts only `restricted` pods, and warns about workloads with other pods."""
    return api_server.namespace("chart", RESTRICTED)
