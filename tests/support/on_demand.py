"""Servers shared by all tests of a run, including all xdist workers.

The main pytest process owns them: it starts a server on demand, and ends it with the run, also on Ctrl-C.
"""

import tempfile
import threading
from collections.abc import Callable
from multiprocessing.connection import Client, Listener
from pathlib import Path
from typing import Any, Protocol

import pytest

CLOSE_TIMEOUT_S = 10.0

_WORKER_INPUT = "darkroom_on_demand"


class Server(Protocol):
    """A shared server. `stop` may be called at any time and repeatedly, also to abort a `start`."""

    def start(self) -> dict[str, str]:
        """Start the server. Returns the information that tests need to use it."""
        ...

    def stop(self) -> None: ...


class OnDemand:
    """A server of this process, started at the first connection to `address`."""

    def __init__(self, make: Callable[[], Server]) -> None:
        self._make = make
        self._server: Server | None = None
        self._answer: tuple[dict[str, str], str] | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="darkroom-test-")
        self.address = str(Path(self._folder.name) / "socket")
        self._in_use = threading.Lock()
        self._closed = False
        self._listener = Listener(self.address, family="AF_UNIX")
        threading.Thread(target=self._serve, name="on-demand", daemon=True).start()

    def _serve(self) -> None:
        """Handle one connection at a time: while the server starts, the others wait."""
        while not self._closed:
            try:
                with self._listener.accept() as connection:
                    connection.send(self._started())
            except OSError:
                continue  # the worker has ended, or the listener is closed

    def _started(self) -> tuple[dict[str, str], str]:
        """The server's information, and the error if it could not be started."""
        with self._in_use:
            if self._closed:
                return {}, "the run is over"
            if self._answer is None:
                self._answer = self._start()
            return self._answer

    def _start(self) -> tuple[dict[str, str], str]:
        try:
            self._server = self._make()
            return self._server.start(), ""
        except Exception as error:  # noqa: BLE001 - reported to every test that needs the server
            return {}, f"{type(error).__name__}: {error}"

    def close(self) -> None:
        self._closed = True
        self._listener.close()
        if self._server is not None:
            self._server.stop()
        if self._in_use.acquire(timeout=CLOSE_TIMEOUT_S) and self._server is not None:
            self._server.stop()
        self._folder.cleanup()


_SERVERS = pytest.StashKey[dict[str, OnDemand]]()


def share(config: pytest.Config, name: str, make: Callable[[], Server]) -> None:
    """Share a server with all workers; for `pytest_configure`. It is created on demand."""
    if hasattr(config, "workerinput"):
        return
    on_demand = OnDemand(make)
    config.stash.setdefault(_SERVERS, {})[name] = on_demand
    config.add_cleanup(on_demand.close)


def shared(config: pytest.Config, name: str, timeout_s: float) -> dict[str, str]:
    """The information of the server `name`, once it has started; for a fixture."""
    worker: dict[str, Any] | None = getattr(config, "workerinput", None)
    address = worker[_WORKER_INPUT][name] if worker else config.stash[_SERVERS][name].address
    with Client(address, family="AF_UNIX") as connection:
        if not connection.poll(timeout_s):
            pytest.fail(f"no {name} after {timeout_s:.0f} s")
        about: dict[str, str]
        about, problem = connection.recv()
    if problem:
        pytest.fail(f"{name}: {problem}")
    return about


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Called by xdist for each of its workers."""
    servers = node.config.stash.get(_SERVERS, {})
    node.workerinput[_WORKER_INPUT] = {name: server.address for name, server in servers.items()}
