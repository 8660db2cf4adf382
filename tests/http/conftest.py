"""The service and its pipelines, for tests of the HTTP API."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.support.kafka import SharedKafka
from tests.support.postgresql import postgresql
from tests.support.services.ingestion import Pipeline, Service, make_pipeline

__all__ = ["postgresql"]


@pytest.fixture
def pipeline(kafka: SharedKafka) -> Pipeline:
    """A pipeline with the stage `classify`."""
    return make_pipeline(kafka.bootstrap_servers)


@pytest.fixture
def two_stages(kafka: SharedKafka) -> Pipeline:
    """A pipeline with the stages `classify` and `embed`."""
    return make_pipeline(kafka.bootstrap_servers, stages=["classify", "embed"])


@pytest.fixture
def start_service(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """A function that starts services for pipelines. They end with the test."""
    with ExitStack() as stack:
        made = 0

        def start(
            *pipelines: Pipeline, options: list[str] | None = None, database_url: str | None = None, **rest: Any
        ) -> Service:
            nonlocal made
            made += 1
            folder = tmp_path / f"service-{made}"
            folder.mkdir()
            service = Service(folder, list(pipelines), options or [], database_url=database_url)
            stack.callback(service.kill)
            return service.start(**rest)

        yield start


@pytest.fixture(scope="module")
def shared(kafka: SharedKafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, Pipeline]]:
    """A service and a pipeline with one stage, shared by independent tests of a module."""
    pipeline = make_pipeline(kafka.bootstrap_servers)
    service = Service(tmp_path_factory.mktemp("service"), [pipeline])
    try:
        yield service.start(), pipeline
    finally:
        service.kill()
