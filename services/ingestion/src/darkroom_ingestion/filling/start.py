"""Starts the processes that fill the store."""

import multiprocessing
import shlex
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final

from setproctitle import setproctitle

from darkroom.processes.forked import Forked, can_fork
from darkroom.processes.loading import loading
from darkroom.processes.parent_death import ending_with_us
from darkroom_ingestion.filling.image_channel import image_channel

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

_MODULE: Final = "darkroom_ingestion.filling"
_END_S: Final = 8.0


class FillingProcess:
    """A process that loads what it needs, and then waits for its `Setup` on `pipe`. Closing `pipe` ends it.

    It is a fork of this process if that may be forked, so that it need not import again what this one has imported,
    which would take 0.3 s of CPU. Later, the service has threads, and a new interpreter is started.

    Args:
        sending: where this process sends accepted images.
        images: where the process receives them.
    """

    def __init__(self, sending: socket.socket, images: socket.socket) -> None:
        self.pipe: Connection[Any, Any]
        self.pipe, theirs = multiprocessing.Pipe()
        self._process: Forked | subprocess.Popen[bytes]
        if can_fork():
            self._process = Forked(lambda: _fill(theirs, images, not_its_own=(self.pipe, sending)))
        else:
            self._process = _interpreter(theirs, images)
        theirs.close()

    def wait(self) -> int:
        """Wait for the end of the process, whose pipe is closed. Kills it after 8 s. Returns the exit code."""
        try:
            return self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


class FillingProcesses:
    """The processes that fill the store, one after the other. Starts the first one at once.

    Attributes:
        images: where to send accepted images. It outlives each process.
    """

    def __init__(self) -> None:
        self.images, self._images_of_process = image_channel()
        self._first: FillingProcess | None = FillingProcess(self.images, self._images_of_process)

    def next(self) -> FillingProcess:
        """The first process, or a new one if it has been taken."""
        taken, self._first = self._first, None
        return taken or FillingProcess(self.images, self._images_of_process)


def _fill(
    pipe: "Connection[Any, Any]", images: socket.socket, not_its_own: "tuple[Connection[Any, Any] | socket.socket, ...]"
) -> None:
    """Fill the store in a fork of the service, as `python -m darkroom_ingestion.filling` does."""
    for other in not_its_own:  # while it has these, it would not notice that the service has closed them
        other.close()
    setproctitle(shlex.join([sys.executable, "-P", "-m", _MODULE]))
    with loading():
        from darkroom_ingestion.filling.command import fill  # noqa: PLC0415 - the service needs none of it
    fill(pipe, images)


def _interpreter(pipe: "Connection[Any, Any]", images: socket.socket) -> subprocess.Popen[bytes]:
    given = (pipe.fileno(), images.fileno())
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module
        ending_with_us([sys.executable, "-P", "-m", _MODULE, *map(str, given)]),
        pass_fds=given,
        stdin=subprocess.DEVNULL,
        # While a service's start is held, its stdout is a pipe that must end with the service.
        stdout=subprocess.DEVNULL,
    )
