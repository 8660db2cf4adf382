"""The metrics of the service."""

from darkroom_ingestion.metrics import Metrics


def test_requests_are_counted_before_there_is_a_catalog() -> None:
    metrics = Metrics()
    metrics.request_was_answered("GET", "/healthz", 200, 0.1)
    metrics.request_was_answered("BREW", None, 404, 0.1)
    metrics.catalog_holds(1, ["Invalid"])
    metrics.request_was_answered("GET", "/healthz", 200, 0.1)

    labels = {"method": "GET", "route": "/healthz", "status": "200"}
    assert metrics.registry.get_sample_value("darkroom_http_requests_total", labels) == 2
    others = {"method": "-", "route": "other", "status": "404"}
    assert metrics.registry.get_sample_value("darkroom_http_requests_total", others) == 1
