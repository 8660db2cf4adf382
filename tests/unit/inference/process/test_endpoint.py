"""The worker's port, asked over HTTP, and how another process of the machine asks it."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from http import HTTPStatus

import pytest

from darkroom_inference.process.endpoint import Endpoint, PortUnavailable, Report
from darkroom_inference.process.local_requests import get


@dataclass
class Reports:
    """A worker's reports, as a test sets them."""

    ok: bool = True

    def health(self) -> Report:
        return Report(self.ok, {"loops": []})

    def readiness(self) -> Report:
        return Report(self.ok, {"partitions": 3})

    def metrics(self) -> bytes:
        return b"up 1\n"


@pytest.fixture(scope="module")
def reports() -> Reports:
    return Reports()


@pytest.fixture(scope="module")
def endpoint(reports: Reports) -> Iterator[Endpoint]:
    made = Endpoint("127.0.0.1", 0, reports)
    yield made
    made.close()


def test_health_and_readiness_are_answered_with_their_details(endpoint: Endpoint, reports: Reports) -> None:
    reports.ok = True
    status, body = get(endpoint.port, "/readyz?verbose")
    assert (status, json.loads(body)) == (HTTPStatus.OK, {"partitions": 3})
    reports.ok = False
    status, body = get(endpoint.port, "/healthz")
    assert (status, json.loads(body)) == (HTTPStatus.SERVICE_UNAVAILABLE, {"loops": []})


def test_metrics_are_served_and_other_paths_are_not(endpoint: Endpoint) -> None:
    assert get(endpoint.port, "/metrics") == (HTTPStatus.OK, "up 1\n")
    assert get(endpoint.port, "/")[0] == HTTPStatus.NOT_FOUND


def test_a_port_that_is_taken_is_named(endpoint: Endpoint) -> None:
    with pytest.raises(PortUnavailable, match=rf"port {endpoint.port} of 127\.0\.0\.1: Address already in use: choose"):
        Endpoint("127.0.0.1", endpoint.port, Reports())


def test_a_paused_endpoint_has_no_threads_and_answers_later(reports: Reports) -> None:
    endpoint = Endpoint("127.0.0.1", 0, reports)
    before = threading.active_count()
    assert get(endpoint.port, "/metrics")[0] == HTTPStatus.OK
    with ThreadPoolExecutor(1) as pool:
        with endpoint.paused():
            assert threading.active_count() == before - 1
            answer = pool.submit(get, endpoint.port, "/metrics")
            assert wait([answer], timeout=0.2).done == set()
        assert answer.result(30) == (HTTPStatus.OK, "up 1\n")
    endpoint.close()


def test_a_closed_endpoint_does_not_listen(reports: Reports) -> None:
    endpoint = Endpoint("127.0.0.1", 0, reports)
    port = endpoint.port
    endpoint.close()
    assert get(port, "/healthz") == (0, "{}")
