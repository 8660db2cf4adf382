"""The listener for probes and metrics."""

import re
from collections.abc import Callable

import httpx

from tests.support.services.ingestion import Pipeline, Service

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
