"""The process that fills the store: it starts early, is restarted when it ends, and never outlives the service."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil

from darkroom.processes.held_start import HELD, LOADED
from darkroom_ingestion.filling.start import FillingProcesses
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
        until_ended(filling)


def test_the_filling_process_starts_while_the_start_of_the_service_is_held(tmp_path: Path) -> None:
    options = ["--catalog", str(tmp_path / "catalog.json"), "--database", f"sqlite:///{tmp_path / 'store.db'}"]
    command = [sys.executable, "-P", "-m", "darkroom_ingestion", *options]
    with subprocess.Popen(command, env=os.environ | HELD, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as held:
        assert held.stdin is not None
        assert held.stdout is not None
        assert held.stdout.readline() == LOADED
        [filling] = until(lambda: fillings_among(psutil.Process(held.pid).children()), "named")
        held.stdin.close()
        assert held.wait(60) == 1
        # Nobody else has the pipe: it ends with the service, although the filling process may still run.
        assert held.stdout.read() == b""
    until_ended(filling)


def test_a_filling_process_without_a_setup_ends_with_its_pipe() -> None:
    process = FillingProcesses().next()
    process.pipe.close()
    assert process.wait() == 0


def until_ended(process: psutil.Process) -> None:
    until(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE, "the process has ended")


def filling_of(service: Service) -> list[psutil.Process]:
    assert service.process is not None
    return fillings_among(psutil.Process(service.process.pid).children())


def fillings_among(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [process for process in processes if "darkroom_ingestion.filling" in " ".join(process.cmdline())]


def metrics(service: Service) -> str:
    with service.client as client:
        return client.get("/metrics").text
