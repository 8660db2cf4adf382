"""Fixtures of the tests of the operator."""

import pytest

from tests.support.kafka import SharedKafka
from tests.support.services.operator import Site


@pytest.fixture
def running(here: Site, kafka: SharedKafka) -> Site:
    """A site with everything running."""
    here.start_all(kafka.bootstrap_servers)
    return here
