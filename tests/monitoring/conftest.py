"""Fixtures of the tests of alerts: the services whose failures they report."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.http.conftest import pipeline, start_service
from tests.kafka.conftest import stage
from tests.support.kube.api_server import ApiServer
from tests.support.services.operator import Site, site

__all__ = ["pipeline", "stage", "start_service"]


@pytest.fixture
def here(api_server: ApiServer, tmp_path: Path) -> Iterator[Site]:
    """Namespaces for an operator."""
    with site(api_server, tmp_path) as made:
        yield made
