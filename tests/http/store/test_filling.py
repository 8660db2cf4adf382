"""The process that fills the store: it is restarted when it ends, and never outlives the service."""

from collections.abc import Callable

import psutil

from tests.support.services.ingestion import Pipeline, Service, accepted, document
from tests.support.until import until

StartService = Callable[..., Service]


def test_a_filling_process_that_was_killed_is_restarted_and_continues(
    start_service: StartService, pipeline: Pipeline
) -> None:
    service = start_service(pipeline)
    first, second = accepted(service, pipeline), accepted(service, pipeline)
    pipeline.analyze(first)
    until(lambda: 'darkroom_store_records_total{kind="results"} 1.0' in metrics(service), "the result is counted")

    [filling] = filling_of(service)
    filling.kill()
    pipeline.analyze(second)
    until(lambda: document(service, pipeline, second["id"])["state"] == "Analyzed", "the result is in the store")

    until(service.is_ready, "the service is ready")
    assert [process.pid for process in filling_of(service)] != [filling.pid]
    # The counters continue with those of the new process.
    until(lambda: 'darkroom_store_records_total{kind="results"} 2.0' in metrics(service), "the result is counted")
    assert 'darkroom_loop_failures_total{loop="filling"} 1.0' in metrics(service)


def test_the_filling_process_ends_with_the_service(start_service: StartService, pipeline: Pipeline) -> None:
    for end in (Service.stop, Service.kill):
        service = start_service(pipeline)
        [filling] = filling_of(service)
        end(service)
        until(lambda: not filling.is_running() or filling.status() == psutil.STATUS_ZOMBIE, "the process has ended")  # noqa: B023


def filling_of(service: Service) -> list[psutil.Process]:
    assert service.process is not None
    children = psutil.Process(service.process.pid).children()
    return [child for child in children if "darkroom_ingestion.filling" in child.cmdline()]


def metrics(service: Service) -> str:
    with service.client as client:
        return client.get("/metrics").text
