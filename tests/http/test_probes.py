"""The listener for probes and metrics, and the number of clients of the live feed."""

import re
from collections.abc import Callable
from contextlib import ExitStack

import httpx

from tests.support.services.ingestion import Pipeline, Service
from tests.support.until import until

StartService = Callable[..., Service]


def test_probes_and_metrics_have_a_separate_listener(start_service: StartService, pipeline: Pipeline) -> None:
    service = start_service(pipeline, options=["--probe-port", "0"])
    found = re.search(r'"probes": "(http://127\.0\.0\.1:\d+)"', service.log)
    assert found
    with httpx.Client(base_url=found[1], timeout=60) as probes, service.client as client:
        for path in ("/healthz", "/readyz", "/metrics"):
            assert probes.get(path).status_code == client.get(path).status_code == 200
        assert "darkroom_images_accepted" in probes.get("/metrics").text
        assert probes.get("/v1/pipelines").status_code == 404
    assert service.stop() == 0


def test_clients_of_the_live_feed_are_bounded_by_address(start_service: StartService, pipeline: Pipeline) -> None:
    service = start_service(pipeline, options=["--live-clients-per-address", "2"])
    path = f"{pipeline.path}/events"
    with service.client as client:
        with ExitStack() as stack:
            for _ in range(2):
                followed = stack.enter_context(service.client)
                assert stack.enter_context(followed.stream("GET", path)).status_code == 200
            refused = client.get(path)
            assert (refused.status_code, refused.headers["Content-Type"]) == (429, "application/problem+json")
            assert int(refused.headers["Retry-After"]) > 0

        def taken_again() -> bool:
            with client.stream("GET", path) as answer:
                return answer.status_code == 200

        until(taken_again, "there is room again")
