"""Runs the process that fills the store, and knows what it reports."""

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import structlog

from darkroom.errors import DarkroomError
from darkroom.kafka.connection import KafkaConnection
from darkroom_ingestion.filling.messages import FillerState, Report, Sample, Setup, Topics
from darkroom_ingestion.filling.start import FillingProcesses
from darkroom_ingestion.filling.states import FillerStates
from darkroom_ingestion.metrics import Metrics

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

log = structlog.get_logger("darkroom.ingestion.filling")


class FillingEnded(DarkroomError):
    """The process that fills the store has ended."""


class Filling(FillerStates):
    """The process that fills the store. Used from the event loop only.

    It shares no interpreter with the requests: reading the log would take a third of their time.

    Args:
        setup: what the process needs at its start.
        processes: where it comes from, and the one that replaces it if it ends.
        changed: called when the states of the fillers have changed.
    """

    def __init__(
        self, setup: Setup, processes: FillingProcesses, metrics: Metrics, changed: Callable[[], None] = lambda: None
    ) -> None:
        super().__init__()
        self._setup, self._processes, self._metrics, self._changed = setup, processes, metrics, changed
        self._wanted: Topics = {}
        self._pipe: Connection[Any, Any] | None = None
        self._counters: Mapping[Sample, float] = {}

    def read(self, topics: Topics) -> None:
        """Fill the store from these topics from now on."""
        self._wanted = topics
        if self._pipe is not None:
            self._send(topics)

    async def run(self) -> None:
        """Run the process until cancelled.

        Raises:
            FillingEnded: the process has ended.
        """
        process = self._processes.next()
        self._pipe = process.pipe
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[None] = loop.create_future()
        loop.add_reader(self._pipe.fileno(), self._receive, self._pipe, ended)
        try:
            self._send(self._setup)
            self._send(self._wanted)
            await ended
        finally:
            loop.remove_reader(self._pipe.fileno())
            self._pipe.close()
            self._pipe = None
            code = await asyncio.shield(asyncio.to_thread(process.wait))
            self._counters = {}
            self._set({})
        raise FillingEnded(f"the process that fills the store has ended with code {code}")

    def _send(self, message: Setup | Topics) -> None:
        assert self._pipe is not None  # noqa: S101 - running
        try:
            self._pipe.send(message)
        except OSError as error:  # it has ended, which `run` notices
            log.debug("the process that fills the store takes no message", reason=str(error))

    def _receive(self, pipe: "Connection[Any, Any]", ended: "asyncio.Future[None]") -> None:
        try:
            while pipe.poll():
                self._take(pipe.recv())
        except (EOFError, OSError):
            if not ended.done():
                ended.set_result(None)
            asyncio.get_running_loop().remove_reader(pipe.fileno())

    def _take(self, report: Report) -> None:
        for sample, value in report.counters.items():
            self._metrics.count_of_the_store(sample, value - self._counters.get(sample, 0.0))
        self._counters = report.counters
        self._set(report.states)
        self._metrics.store_writable.set(self.store_problem is None)

    def _set(self, states: Mapping[KafkaConnection, FillerState]) -> None:
        if states != self.states:
            self.states = states
            self._changed()
