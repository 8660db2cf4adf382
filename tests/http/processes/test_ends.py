"""Several HTTP processes: the end of one of them, of all, and of their parent."""

import asyncio
import re
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import psutil
import pytest

from darkroom_cli.processes.ports import accepts_connections
from darkroom_ingestion.catalog.file import FileCatalog
from darkroom_ingestion.catalog.served import Pipelines
from darkroom_ingestion.filling.start import FillingProcesses
from darkroom_ingestion.processes.parent import HttpProcessesEnded, serve_with_processes
from darkroom_ingestion.settings import Settings
from darkroom_ingestion.store.opening import open_database
from tests.support.services.http_processes import http_processes, one_to_each
from tests.support.services.ingestion import JPEG, Pipeline, Service, headers_of, post
from tests.support.until import until

StartService = Callable[..., Service]
_CLIENTS = 8
_ACCEPTED = re.compile(r"darkroom_images_accepted_total\{[^}]*\} (\S+)")


class Load:
    """Clients that post one image after the other. They try again after an error of the connection."""

    def __init__(self, service: Service, pipeline: Pipeline) -> None:
        self._service, self._pipeline = service, pipeline
        self.accepted: list[str] = []
        self.stop = threading.Event()

    def run(self) -> None:
        while not self.stop.is_set():
            try:
                answer = post(self._service, self._pipeline)
            except httpx.TransportError:
                continue
            assert answer.status_code == 202, answer.text
            self.accepted.append(answer.json()["id"])


def test_nothing_is_lost_when_a_process_is_killed_under_load(start_service: StartService, pipeline: Pipeline) -> None:
    service = start_service(pipeline, options=["--workers", "2"])
    load, counted = Load(service, pipeline), [0.0]

    def count() -> float:
        try:
            with service.client as client:
                found = _ACCEPTED.search(client.get("/metrics").text)
        except httpx.TransportError:  # it was connected to the process that was killed
            return counted[-1]
        counted.append(float(found[1]) if found else 0.0)
        return counted[-1]

    with ThreadPoolExecutor(_CLIENTS) as threads:
        clients = [threads.submit(load.run) for _ in range(_CLIENTS)]
        try:
            until(lambda: count() > 50, "images are accepted")
            killed, other = http_processes(service)
            killed.kill()
            before = len(load.accepted)
            until(lambda: count() and len(load.accepted) > before + 50, "the other process goes on")
            until(lambda: count() and len(http_processes(service)) == 2, "the process is started again")
            with one_to_each(service) as connections:
                assert other.pid in {connection.process for connection in connections}
            count()
        finally:
            load.stop.set()
        for client in clients:
            client.result()

    assert counted == sorted(counted)
    published = {headers_of(record)["ce_id"] for record in pipeline.records(pipeline.images_topic)}
    assert published >= set(load.accepted)
    with service.client as client:
        assert 'darkroom_loop_failures_total{loop="http process"} 1.0' in client.get("/metrics").text
    until(service.is_ready, "ready with both processes")


def test_a_stop_finishes_the_requests_of_all_processes(start_service: StartService, pipeline: Pipeline) -> None:
    service = start_service(pipeline, options=["--workers", "2"])
    parent = psutil.Process(service.process.pid if service.process else 0)
    processes = parent.children(recursive=True)
    head = (
        f"POST {pipeline.path}/images HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\nContent-Length: 1016\r\n\r\n"
    )
    with ExitStack() as stack, ThreadPoolExecutor(1) as thread:
        address = ("127.0.0.1", service.port)
        connections = [stack.enter_context(socket.create_connection(address, timeout=60)) for _ in range(4)]
        for connection in connections:
            connection.sendall(head.encode() + JPEG[:500])
        until(lambda: "darkroom_body_bytes 2000.0" in service.client.get("/metrics").text, "the halves have come")
        stopping = thread.submit(service.stop)
        until(lambda: not accepts_connections(service.port), "nothing new is accepted")
        for connection in connections:
            connection.sendall(JPEG[500:])
        answers = [connection.recv(65_536) for connection in connections]
        assert stopping.result() == 0

    assert all(answer.startswith(b"HTTP/1.1 202") for answer in answers)
    assert len(pipeline.records(pipeline.images_topic)) == 4
    assert not any(process.is_running() for process in processes)


def test_the_processes_end_with_their_parent(start_service: StartService, pipeline: Pipeline) -> None:
    service = start_service(pipeline, options=["--workers", "2"])
    processes = http_processes(service)
    service.kill()
    for process in processes:
        process.wait(60)


def test_a_parent_whose_processes_do_not_start_ends(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "none.json", workers=2, log_level="none")  # type: ignore[arg-type]  # no such level
    database = open_database(f"sqlite:///{tmp_path}/store.db")
    listening = socket.create_server(("127.0.0.1", 0))
    catalog, filling = FileCatalog(settings.catalog), FillingProcesses()
    serving = serve_with_processes(settings, database, catalog, Pipelines(), listening, None, filling)
    with pytest.raises(HttpProcessesEnded, match="before it served"):
        asyncio.run(serving)
