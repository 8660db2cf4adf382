"""The HTTP processes of an ingestion service, and connections to given ones of them."""

import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil

from tests.support.services.ingestion import DEADLINE_S, Service
from tests.support.until import until


def http_processes(service: Service) -> list[psutil.Process]:
    """The HTTP processes that run, without their parent."""
    assert service.process is not None
    return [child for child in psutil.Process(service.process.pid).children() if _handles_http(child)]


class Direct:
    """A connection to the service, and the id of the process that serves it."""

    def __init__(self, service: Service) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=DEADLINE_S)
        self.get("/v1/schemas")
        port = self._connection.sock.getsockname()[1]
        self.process = until(lambda: _process_at(service, port), "a process has the connection")

    def get(self, path: str) -> tuple[int, str]:
        return self.request("GET", path)

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, str]:
        self._connection.request(method, path, body, headers or {})
        answer = self._connection.getresponse()
        return answer.status, answer.read().decode()

    def json(self, path: str) -> dict[str, Any]:
        status, text = self.get(path)
        assert status == 200, text
        found: dict[str, Any] = json.loads(text)
        return found

    def close(self) -> None:
        self._connection.close()


@contextmanager
def one_to_each(service: Service, count: int = 2) -> Iterator[list[Direct]]:
    """A connection to each process."""
    connections: list[Direct] = []
    try:
        while len({connection.process for connection in connections}) < count:
            assert len(connections) < 10 * count, "one of the processes gets no connections"
            connections.append(Direct(service))
        yield list({connection.process: connection for connection in connections}.values())
    finally:
        for connection in connections:
            connection.close()


def _handles_http(process: psutil.Process) -> bool:
    try:
        return "darkroom_ingestion.processes" in process.cmdline()
    except psutil.NoSuchProcess:  # it has just ended
        return False


def _process_at(service: Service, port: int) -> int | None:
    for process in http_processes(service):
        if any(one.raddr and one.raddr.port == port for one in process.net_connections("tcp")):
            return process.pid
    return None
