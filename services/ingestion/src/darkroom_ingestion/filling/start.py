"""Starts the processes that fill the store."""

import multiprocessing
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final

from darkroom.processes.parent_death import ending_with_us
from darkroom_ingestion.filling.image_channel import image_channel

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

_END_S: Final = 8.0


class FillingProcess:
    """A process that loads what it needs, and then waits for its `Setup` on `pipe`. Closing `pipe` ends it.

    Args:
        images: where it receives accepted images.
    """

    def __init__(self, images: socket.socket) -> None:
        self.pipe: Connection[Any, Any]
        self.pipe, theirs = multiprocessing.Pipe()
        given = (theirs.fileno(), images.fileno())
        command = [sys.executable, "-P", "-m", "darkroom_ingestion.filling", *map(str, given)]
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            ending_with_us(command),
            pass_fds=given,
            stdin=subprocess.DEVNULL,
            # While a service's start is held, its stdout is a pipe that must end with the service.
            stdout=subprocess.DEVNULL,
        )
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
        self._first: FillingProcess | None = FillingProcess(self._images_of_process)

    def next(self) -> FillingProcess:
        """The first process, or a new one if it has been taken."""
        taken, self._first = self._first, None
        return taken or FillingProcess(self._images_of_process)
