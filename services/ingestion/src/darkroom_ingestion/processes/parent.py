"""The parent of several HTTP processes: starts them, and does what one process is to do for all."""

import asyncio
import contextlib
import signal
import socket
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

import structlog

from darkroom.backoff import Backoff
from darkroom.errors import DarkroomError
from darkroom_ingestion.catalog.served import Pipelines
from darkroom_ingestion.catalog.source import CatalogSource
from darkroom_ingestion.filling.messages import Setup as FillingSetup
from darkroom_ingestion.filling.process import Filling
from darkroom_ingestion.filling.start import FillingProcesses
from darkroom_ingestion.http.siblings import ChecksOfProcesses, task_checks
from darkroom_ingestion.links.topics import topics_by_cluster
from darkroom_ingestion.listening import urls_of
from darkroom_ingestion.metrics import Metrics
from darkroom_ingestion.processes.acceptor import Acceptor
from darkroom_ingestion.processes.child import Child
from darkroom_ingestion.processes.connections import Kind
from darkroom_ingestion.processes.messages import (
    Answer,
    Counted,
    Question,
    Serving,
    Setup,
    States,
    StatusQuestion,
    Subject,
)
from darkroom_ingestion.processes.totals import Totals
from darkroom_ingestion.settings import Settings
from darkroom_ingestion.stalls import stalls_reported
from darkroom_ingestion.store.database import Database, StoreUnavailable
from darkroom_ingestion.store.ownership import Owner, new_run, release_claims
from darkroom_ingestion.supervision import Supervisor

if TYPE_CHECKING:
    from prometheus_client.core import Metric

    from darkroom_ingestion.http.documents.health import Check

_FIRST_RETRY_S: Final = 0.5
_LAST_RETRY_S: Final = 30.0
_GIVE_UP_S: Final = 60.0
_FLUSH_S: Final = 17.0
"""What an HTTP process needs to stop, beside the time for the requests in flight."""

log = structlog.get_logger("darkroom.ingestion.processes")


class HttpProcessesEnded(DarkroomError):
    """No HTTP process runs, and starting one does not help."""


class Parent:
    """The parent process. Used from the event loop only.

    Args:
        settings: those of the service. Each HTTP process gets its share of the limits.
        pipelines: those to serve until the catalog changes.
        listening: the listening sockets.
        filling: the processes that fill the store.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        catalog: CatalogSource,
        pipelines: Pipelines,
        listening: dict[Kind, socket.socket],
        filling: FillingProcesses,
    ) -> None:
        self._database, self._catalog, self._pipelines = database, catalog, pipelines
        self._shutdown_timeout_s = settings.shutdown_timeout_s
        self._settings = shared_out(settings)
        self._run = new_run()
        self._images = filling.images
        self.metrics = Metrics()
        setup = FillingSetup.of(settings, database.instance)
        self.filling = Filling(setup, filling, self.metrics, changed=self._tell_states)
        self.metrics.store_lag.set_function(lambda: self.filling.lag)
        self.metrics.store_writable.set(1)
        self._totals = Totals()
        self._children = [Child(number) for number in range(1, settings.workers + 1)]
        self._acceptor = Acceptor(listening, self._children)
        self._is_complete = False
        self._completed: Callable[[], None] = lambda: None
        self.background = Supervisor(self.metrics)
        self._stop = asyncio.Event()
        self._served_at: float | None = None
        self._answering: set[asyncio.Task[None]] = set()

    def serve(self, pipelines: Pipelines) -> None:
        """Serve these pipelines from now on."""
        self._pipelines = pipelines
        self.filling.read(topics_by_cluster(pipelines))
        for child in self._children:
            child.send(pipelines)

    async def run(self, complete: Callable[[], None]) -> None:
        """Keep the HTTP processes running until SIGTERM or SIGINT. Then stop them, after their requests in flight.

        Args:
            complete: called when all of them serve for the first time.

        Raises:
            HttpProcessesEnded: none of them runs, and starting one does not help.
        """
        self._completed = complete
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopped_by_signal)
        keeping = [asyncio.create_task(self._keep(child), name=f"process {child.number}") for child in self._children]
        stopping = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait([*keeping, stopping], return_when=asyncio.FIRST_COMPLETED)
            for task in keeping:
                if task.done():
                    task.result()
        finally:
            stopping.cancel()
            self._stop.set()
            await self._end(keeping)

    async def _keep(self, child: Child) -> None:
        backoff = Backoff(_FIRST_RETRY_S, _LAST_RETRY_S)
        owner = Owner(self._run, child.number)
        while True:
            started = time.monotonic()
            setup = Setup(self._settings, owner, self._is_complete, self._pipelines, States(self.filling.states))
            code = await child.run(setup, self._images, self._take)
            self._totals.end(child.number)
            self._acceptor.update()
            if self._stop.is_set():
                return
            self.metrics.loop_failures.labels("http process").inc()
            log.error("an HTTP process has ended, starting it again", process=child.number, code=code)
            self._require_use(code)
            if time.monotonic() - started > _LAST_RETRY_S:
                backoff.reset()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(backoff.next_s()):
                    await self._stop.wait()
                    return
            await self._release_claims(owner)

    def _require_use(self, code: int) -> None:
        if any(child.serving for child in self._children):
            self._served_at = time.monotonic()
        if self._served_at is None:
            raise HttpProcessesEnded(f"an HTTP process ended with code {code} before it served")
        if time.monotonic() - self._served_at > _GIVE_UP_S:
            raise HttpProcessesEnded(f"no HTTP process has served for a minute; the last one ended with code {code}")

    async def _release_claims(self, owner: Owner) -> None:
        try:
            await self._database.writing(partial(release_claims, owner=owner))
        except StoreUnavailable as error:
            log.warning("the claims of an HTTP process stay until their leases end", reason=str(error))

    async def _end(self, keeping: Sequence[asyncio.Task[None]]) -> None:
        self._acceptor.close()
        for child in self._children:
            child.terminate()
        _, pending = await asyncio.wait(keeping, timeout=self._shutdown_timeout_s + _FLUSH_S)
        if pending:
            log.error("HTTP processes do not stop, ending them")
            for child in self._children:
                child.kill()
        await asyncio.gather(*keeping, return_exceptions=True)

    def _stopped_by_signal(self) -> None:
        if self._stop.is_set():  # the second time: at once
            for child in self._children:
                child.terminate()
        self._stop.set()

    def _tell_states(self) -> None:
        for child in self._children:
            child.send(States(self.filling.states))

    def _take(self, child: Child, message: object) -> None:
        match message:
            case Serving():
                self._served_at = time.monotonic()
                self._acceptor.update()
                if all(each.serving for each in self._children) and not self._is_complete:
                    self._is_complete = True
                    self._completed()
            case Counted(metrics):
                self._totals.put(child.number, metrics)
            case Question():
                self._begin(self._answer(child, message))
            case StatusQuestion(number, key):
                self._begin(self._answer_status(child, number, key))

    def _begin(self, answering: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(answering)
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    async def _answer_status(self, asker: Child, number: int, key: str) -> None:
        asker.send(Answer(number, await self._catalog.reported_status(key)))

    async def _answer(self, asker: Child, question: Question) -> None:
        serving = [child for child in self._children if child.serving]
        answers = await asyncio.gather(*(self._ask(child, question.subject) for child in serving))
        numbered = {child.number: answer for child, answer in zip(serving, answers, strict=True)}
        content: list[Metric] | ChecksOfProcesses
        if question.subject == "metrics":
            content = self._totals.all(self.metrics.registry.collect())
        else:
            checks = cast("dict[int, list[Check] | None]", numbered)
            if question.subject == "liveness":
                checks = {0: task_checks(self.background.tasks), **checks}
            starting = [child.number for child in self._children if child.number not in numbered]
            content = ChecksOfProcesses(checks, starting, self._is_complete)
        asker.send(Answer(question.number, content))

    async def _ask(self, child: Child, subject: Subject) -> object | None:
        answer = await child.ask(subject)
        # Now: once all others have answered, the process may have ended, and been counted.
        if subject == "metrics" and answer is not None:
            self._totals.put(child.number, cast("list[Metric]", answer))
        return answer


async def serve_with_processes(
    settings: Settings,
    database: Database,
    catalog: CatalogSource,
    pipelines: Pipelines,
    listening: socket.socket,
    probes: socket.socket | None,
    filling: FillingProcesses,
) -> None:
    """Serve with several HTTP processes until SIGTERM. `probes` is a second listening socket, for probes and metrics.

    Raises:
        HttpProcessesEnded: none of them runs, and starting one does not help.
    """
    sockets: dict[Kind, socket.socket] = {b"h": listening}
    if probes is not None:
        sockets[b"p"] = probes
    parent = Parent(settings, database, catalog, pipelines, sockets, filling)
    urls = urls_of(listening, probes, tls=settings.tls is not None)
    parent.serve(pipelines)
    background = parent.background
    background.start("filling", parent.filling.run)
    background.start("catalog", lambda: catalog.watch(parent.serve))
    try:
        with stalls_reported():
            await parent.run(lambda: log.info("listening", processes=settings.workers, **urls))
    finally:
        await background.stop()
        database.close()
        log.info("stopped")


def shared_out(settings: Settings) -> Settings:
    """The settings of each HTTP process: its share of the limits of the service."""
    processes = settings.workers
    return replace(
        settings,
        body_memory_bytes=settings.body_memory_bytes // processes,
        limits=settings.limits.divided(processes),
    )
