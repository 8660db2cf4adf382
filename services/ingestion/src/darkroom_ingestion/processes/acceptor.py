"""Accepts connections and passes them to the HTTP processes."""

import asyncio
import contextlib
import socket
from collections.abc import Mapping, Sequence

from darkroom_ingestion.processes.child import Child
from darkroom_ingestion.processes.connections import Kind

_AT_A_TIME = 64


class Acceptor:
    """Gives each connection to the process with the fewest. While none serves, connections wait in the backlog.

    Args:
        listening: the listening sockets.
    """

    def __init__(self, listening: Mapping[Kind, socket.socket], children: Sequence[Child]) -> None:
        self._listening, self._children = listening, children
        self._accepting = False

    def update(self) -> None:
        """Accept connections while a process serves. Call it when a process has begun or ended to serve."""
        wanted = any(child.serving for child in self._children)
        if wanted == self._accepting:
            return
        self._accepting = wanted
        loop = asyncio.get_running_loop()
        for kind, listening in self._listening.items():
            listening.setblocking(False)
            if wanted:
                loop.add_reader(listening.fileno(), self._accept, kind, listening)
            else:
                loop.remove_reader(listening.fileno())

    def close(self) -> None:
        """Pass on the connections of the backlogs, and stop listening."""
        for kind, listening in self._listening.items():
            if self._accepting:
                asyncio.get_running_loop().remove_reader(listening.fileno())
                self._accept(kind, listening)
            listening.close()
        self._listening = {}

    def _accept(self, kind: Kind, listening: socket.socket) -> None:
        # Not more at a time, so that the processes can say meanwhile which connections have ended.
        with contextlib.suppress(BlockingIOError):
            for _ in range(_AT_A_TIME):
                connection, _ = listening.accept()
                with connection:
                    self._pass_on(kind, connection)

    def _pass_on(self, kind: Kind, connection: socket.socket) -> None:
        serving = [child for child in self._children if child.serving]
        # A process that has not sent anything for seconds may hang: it gets connections only if all others refuse them.
        for child in sorted(serving, key=lambda child: (not child.responds, child.open_connections)):
            if child.give(kind, connection):
                return
