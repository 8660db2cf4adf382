"""Fixtures with real brokers.

`kafka` is one broker for the whole run, shared by all xdist workers: use unique names of topics and groups.
`fresh_kafka` creates brokers that a test may stop, kill and restart.

All brokers of tests, and those of the commands that tests run, use only the JVM's first compiler: they run for seconds,
on a busy machine, and the second one would take CPU time while they start.

DARKROOM_TEST_BOOTSTRAP_SERVERS names a running broker to use as `kafka`.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.on_demand import share, shared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from darkroom_cli.local_kafka import LocalKafka

_NAME = "kafka"
_START_TIMEOUT_S = 240.0
_FIRST_COMPILER = "-XX:TieredStopAtLevel=1"


@dataclass(frozen=True)
class SharedKafka:
    """The broker that all tests of a run share."""

    bootstrap_servers: str


def pytest_configure(config: pytest.Config) -> None:
    share(config, _NAME, _BrokerToShare)
    start_brokers_quickly()


def start_brokers_quickly() -> None:
    """Have brokers that this process and its children start from now on use only the first compiler."""
    os.environ.setdefault("JDK_JAVA_OPTIONS", _FIRST_COMPILER)


class _BrokerToShare:
    """A broker, imported on demand: unit tests do not wait for the import of Kafka's client."""

    def __init__(self) -> None:
        from darkroom_cli.local_kafka import LocalKafka  # noqa: PLC0415

        self._kafka = LocalKafka()

    def start(self) -> dict[str, str]:
        self._kafka.start()
        return {"bootstrap_servers": self._kafka.bootstrap_servers}

    def stop(self) -> None:
        self._kafka.stop()


@pytest.fixture(scope="session")
def kafka(pytestconfig: pytest.Config) -> SharedKafka:
    """One real broker for the whole run."""
    if existing := os.environ.get("DARKROOM_TEST_BOOTSTRAP_SERVERS"):
        return SharedKafka(existing)
    return SharedKafka(**shared(pytestconfig, _NAME, _START_TIMEOUT_S))


@pytest.fixture
def fresh_kafka(tmp_path: Path) -> Iterator[Callable[..., LocalKafka]]:
    """A function that starts brokers for one test, with LocalKafka's arguments. `stop()` keeps their data."""
    from darkroom_cli.local_kafka import LocalKafka  # noqa: PLC0415

    with ExitStack() as stack:
        made = 0

        def make(**arguments: Any) -> LocalKafka:
            nonlocal made
            made += 1
            arguments.setdefault("data_dir", tmp_path / f"kafka-{made}")
            return stack.enter_context(LocalKafka(**arguments))

        yield make
