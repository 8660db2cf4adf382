"""Servers that all tests of a run share, however many xdist workers there are.

The process that runs pytest owns them: it starts one when a test asks, and ends it with the run, also on Ctrl-C.
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
    """What can be shared. `stop` may be called at any time and more than once, also to break off a `start`."""

    def start(self) -> dict[str, str]:
        """Start, and answer what tests must know to use it."""
        ...

    def stop(self) -> None: ...


class OnDemand:
    """A server in this process, started for the first that connects to `address`."""

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
        """Answer one at a time: while the server starts, the others wait for it here."""
        while not self._closed:
            try:
                with self._listener.accept() as connection:
                    connection.send(self._started())
            except OSError:
                continue  # the worker that asked is gone, or the listener is closed

    def _started(self) -> tuple[dict[str, str], str]:
        """What the server says of itself, and why there is none."""
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
        except Exception as error:  # noqa: BLE001 - told to every test that asks, whatever it is
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
    """Offer the server to all workers; for `pytest_configure`. Nothing is made before a test asks."""
    if hasattr(config, "workerinput"):
        return
    on_demand = OnDemand(make)
    config.stash.setdefault(_SERVERS, {})[name] = on_demand
    config.add_cleanup(on_demand.close)


def shared(config: pytest.Config, name: str, timeout_s: float) -> dict[str, str]:
    """What the server of that name says of itself, once it has started; for a fixture."""
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
