"""Starts the process that fills the store, and knows what it reports."""

import asyncio
import multiprocessing
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import structlog

from darkroom.errors import DarkroomError
from darkroom.kafka.connection import KafkaConnection
from darkroom.processes.parent_death import ending_with_us
from darkroom_ingestion.filling.image_channel import image_channel
from darkroom_ingestion.filling.messages import FillerState, Report, Sample, Setup, Topics
from darkroom_ingestion.filling.states import FillerStates
from darkroom_ingestion.metrics import Metrics

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

_END_S: Final = 8.0

log = structlog.get_logger("darkroom.ingestion.filling")


class FillingEnded(DarkroomError):
    """The process that fills the store has ended."""


class Filling(FillerStates):
    """The process that fills the store. Used from the event loop only.

    It shares no interpreter with the requests: reading the log would take a third of their time.

    Attributes:
        images: where HTTP processes send the images that they accept, with an `ImageSender`. It outlives the process.

    Args:
        changed: called when the states of the fillers have changed.
    """

    def __init__(self, setup: Setup, metrics: Metrics, changed: Callable[[], None] = lambda: None) -> None:
        super().__init__()
        self._setup, self._metrics, self._changed = setup, metrics, changed
        self._wanted: Topics = {}
        self.images, self._images_of_process = image_channel()
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
        self._pipe, theirs = multiprocessing.Pipe()
        given = (theirs.fileno(), self._images_of_process.fileno())
        command = [sys.executable, "-P", "-m", "darkroom_ingestion.filling", *map(str, given)]
        process = subprocess.Popen(  # noqa: ASYNC220, S603 - our own interpreter and module; returns at once
            ending_with_us(command), pass_fds=given, stdin=subprocess.DEVNULL
        )
        theirs.close()
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
            code = await asyncio.shield(asyncio.to_thread(_end, process))
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


def _end(process: "subprocess.Popen[bytes]") -> int:
    """Wait for the process, whose pipe is closed."""
    try:
        return process.wait(_END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
