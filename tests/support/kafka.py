"""Fixtures with real brokers.

`kafka` is one broker for the whole run, however many xdist workers there are: use topic and group names of your own.
`fresh_kafka` makes brokers that a test may stop, kill and start again.

DARKROOM_TEST_BOOTSTRAP_SERVERS names a broker that runs already and is used as `kafka` instead.
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


@dataclass(frozen=True)
class SharedKafka:
    """The broker that all tests of a run share."""

    bootstrap_servers: str


def pytest_configure(config: pytest.Config) -> None:
    share(config, _NAME, _BrokerToShare)


class _BrokerToShare:
    """A broker, imported when a test asks: unit tests need not wait for Kafka's client."""

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
    """Starts brokers of the test's own, with LocalKafka's arguments. Their data outlives `stop()`, for a restart."""
    from darkroom_cli.local_kafka import LocalKafka  # noqa: PLC0415

    with ExitStack() as stack:
        made = 0

        def make(**arguments: Any) -> LocalKafka:
            nonlocal made
            made += 1
            arguments.setdefault("data_dir", tmp_path / f"kafka-{made}")
            return stack.enter_context(LocalKafka(**arguments))

        yield make
