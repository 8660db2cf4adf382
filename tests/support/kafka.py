"""Fixtures with real brokers.

`kafka` is one broker for the whole run, however many xdist workers there are: the process that runs pytest owns it,
starts it when the first test asks, and ends it with the run, also on Ctrl-C. Use topic and group names of your own.
`fresh_kafka` makes brokers that a test may stop, kill and start again.

DARKROOM_TEST_BOOTSTRAP_SERVERS names a broker that runs already and is used as `kafka` instead.
"""

import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing.connection import Client, Listener
from pathlib import Path
from typing import Any

import pytest

from darkroom.errors import DarkroomError
from darkroom_cli.local_kafka import LocalKafka

_ADDRESS = "darkroom_kafka_on_demand"
_DEADLINE_S = 240.0
_CLOSE_DEADLINE_S = 10.0


@dataclass(frozen=True)
class SharedKafka:
    """The broker that all tests of a run share."""

    bootstrap_servers: str


class KafkaOnDemand:
    """The run's broker, in the process that runs pytest. Started for the first that connects to `address`."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="darkroom-test-kafka-")
        self.address = str(Path(self._folder.name) / "socket")
        self._kafka = LocalKafka()
        self._in_use = threading.Lock()
        self._closed = False
        self._listener = Listener(self.address, family="AF_UNIX")
        threading.Thread(target=self._serve, name="kafka-on-demand", daemon=True).start()

    def _serve(self) -> None:
        """Answer one at a time: while the broker starts, the others wait for it here."""
        while not self._closed:
            try:
                with self._listener.accept() as connection:
                    connection.send(self._started())
            except OSError:
                continue  # the worker that asked is gone, or the listener is closed

    def _started(self) -> tuple[str, str]:
        """The broker's address, and why there is none."""
        with self._in_use:
            if self._closed:
                return "", "the run is over"
            try:
                self._kafka.start()
            except DarkroomError as error:
                return "", str(error)
            return self._kafka.bootstrap_servers, ""

    def close(self) -> None:
        self._closed = True
        self._listener.close()
        self._kafka.terminate()
        if self._in_use.acquire(timeout=_CLOSE_DEADLINE_S):
            self._kafka.stop()
        self._folder.cleanup()


_ON_DEMAND = pytest.StashKey[KafkaOnDemand]()


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        on_demand = KafkaOnDemand()
        config.stash[_ON_DEMAND] = on_demand
        config.add_cleanup(on_demand.close)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Called by xdist for each of its workers."""
    node.workerinput[_ADDRESS] = node.config.stash[_ON_DEMAND].address


@pytest.fixture(scope="session")
def kafka(pytestconfig: pytest.Config) -> SharedKafka:
    """One real broker for the whole run."""
    if existing := os.environ.get("DARKROOM_TEST_BOOTSTRAP_SERVERS"):
        return SharedKafka(existing)
    worker = getattr(pytestconfig, "workerinput", None)
    address = worker[_ADDRESS] if worker else pytestconfig.stash[_ON_DEMAND].address
    with Client(address, family="AF_UNIX") as connection:
        if not connection.poll(_DEADLINE_S):
            pytest.fail(f"no broker after {_DEADLINE_S:.0f} s")
        bootstrap_servers, problem = connection.recv()
    if problem:
        pytest.fail(problem)
    return SharedKafka(bootstrap_servers)


@pytest.fixture
def fresh_kafka(tmp_path: Path) -> Iterator[Callable[..., LocalKafka]]:
    """Starts brokers of the test's own, with the arguments of LocalKafka. Their data outlives `stop()`, for a restart."""
    with ExitStack() as stack:
        made = 0

        def make(**arguments: Any) -> LocalKafka:
            nonlocal made
            made += 1
            arguments.setdefault("data_dir", tmp_path / f"kafka-{made}")
            return stack.enter_context(LocalKafka(**arguments))

        yield make
