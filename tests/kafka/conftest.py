"""Fixtures of the tests against a real broker."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.support.kafka import SharedKafka
from tests.support.services.replay import ReplayProcess
from tests.support.services.stage import TriedStage


@pytest.fixture
def stage(kafka: SharedKafka, tmp_path: Path) -> Iterator[Callable[..., TriedStage]]:
    """A function that creates stages, with the arguments of TriedStage. Their workers end with the test."""
    with ExitStack() as stack:
        yield lambda **arguments: stack.enter_context(
            closing(TriedStage(arguments.pop("bootstrap_servers", kafka.bootstrap_servers), tmp_path, **arguments))
        )


@pytest.fixture
def replay() -> Iterator[Callable[..., ReplayProcess]]:
    """A function that starts replays, with the arguments of ReplayProcess. They end with the test."""
    with ExitStack() as stack:
        yield lambda *arguments, **options: stack.enter_context(closing(ReplayProcess(*arguments, **options)))
