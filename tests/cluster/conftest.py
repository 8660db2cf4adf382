"""Fixtures for the tests of the operator."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.kube.api_server import ApiServer
from tests.support.operator import Site, site


@pytest.fixture
def here(api_server: ApiServer, tmp_path: Path) -> Iterator[Site]:
    """Two namespaces of this test's own: for pipelines, and for their Kafka."""
    with site(api_server, tmp_path) as made:
        yield made
