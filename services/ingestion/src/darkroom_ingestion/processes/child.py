"""One HTTP process, as its parent sees it."""

import asyncio
import contextlib
import itertools
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Final

from darkroom.processes.parent_death import ending_with_us
from darkroom_ingestion.processes.channel import Channel
from darkroom_ingestion.processes.connections import Handover, Kind, connection_sockets
from darkroom_ingestion.processes.messages import Answer, Question, Serving, Setup, Subject

_SILENT_S: Final = 5.0
_END_S: Final = 3.0
_ANSWER_S: Final[dict[Subject, float]] = {"liveness": 2.0, "readiness": 6.0, "metrics": 2.0}


class Child:
    """Runs an HTTP process, one after the other."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.serving = False
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: Channel | None = None
        self._handover: Handover | None = None
        self._heard_at = 0.0
        self._numbers = itertools.count()
        self._asked: dict[int, asyncio.Future[object | None]] = {}

    @property
    def open_connections(self) -> int:
        """The number of open connections of the HTTP API."""
        return self._handover.open if self._handover else 0

    @property
    def responds(self) -> bool:
        """Whether it serves and has sent something in the last seconds."""
        return self.serving and time.monotonic() - self._heard_at < _SILENT_S

    async def run(self, setup: Setup, images: socket.socket, received: Callable[["Child", object], None]) -> int:
        """Run a process until it ends. Returns its exit code.

        Args:
            setup: its first message.
            images: where it sends the images that it accepts.
            received: called with its messages, but for answers to `ask`.
        """
        control, their_control = socket.socketpair()
        connections, their_connections = connection_sockets()
        given = (their_control.fileno(), their_connections.fileno(), images.fileno())
        command = [sys.executable, "-P", "-m", "darkroom_ingestion.processes", *map(str, given)]
        self._process = subprocess.Popen(  # noqa: ASYNC220, S603 - our own interpreter and module; returns at once
            ending_with_us(command), pass_fds=given, stdin=subprocess.DEVNULL
        )
        their_control.close()
        their_connections.close()
        self._handover = Handover(connections)
        self._channel = await Channel.over(control)
        try:
            self._channel.send(setup)
            with contextlib.suppress(EOFError):
                while True:
                    self._take(await self._channel.receive(), received)
        finally:
            self.serving = False
            self._handover.close()
            channel, self._handover, self._channel = self._channel, None, None
            for answer in self._asked.values():
                if not answer.done():
                    answer.set_result(None)
            code = await asyncio.shield(asyncio.to_thread(_end, self._process))
            await channel.close()
        return code

    def send(self, message: object) -> None:
        """Send a message, if the process runs."""
        if self._channel is not None:
            self._channel.send(message)

    def give(self, kind: Kind, connection: socket.socket) -> bool:
        """Pass a connection. Returns False if the process does not take it."""
        return self._handover is not None and self._handover.give(kind, connection)

    async def ask(self, subject: Subject) -> object | None:
        """The answer to a question; None if the process does not answer in time."""
        number = next(self._numbers)
        answer: asyncio.Future[object | None] = asyncio.get_running_loop().create_future()
        self._asked[number] = answer
        self.send(Question(number, subject))
        try:
            async with asyncio.timeout(_ANSWER_S[subject]):
                return await answer
        except TimeoutError:
            return None
        finally:
            del self._asked[number]

    def terminate(self) -> None:
        """Send SIGTERM: to finish the requests in flight, or, the second time, to end at once."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the process now."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    def _take(self, message: object, received: Callable[["Child", object], None]) -> None:
        self._heard_at = time.monotonic()
        match message:
            case Answer(number, content):
                if (answer := self._asked.get(number)) and not answer.done():
                    answer.set_result(content)
                return
            case Serving():
                self.serving = True
        received(self, message)


def _end(process: "subprocess.Popen[bytes]") -> int:
    """Wait for the end of a process whose channel is closed."""
    try:
        return process.wait(_END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
