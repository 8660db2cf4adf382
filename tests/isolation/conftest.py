"""Two namespaces that share an ingestion service and a Kafka."""

from collections.abc import Iterator

import pytest

from tests.support.isolation.tenants import Tenant, tenants
from tests.support.kafka import SharedKafka


@pytest.fixture(scope="session")
def both(kafka: SharedKafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Tenant, Tenant]]:
    """The namespaces."""
    with tenants(kafka, tmp_path_factory.mktemp("tenants")) as made:
        yield made


@pytest.fixture
def ours(both: tuple[Tenant, Tenant]) -> Tenant:
    """The namespace of the caller who tries."""
    return both[0]


@pytest.fixture
def theirs(both: tuple[Tenant, Tenant]) -> Tenant:
    """The namespace that is to be protected."""
    return both[1]
