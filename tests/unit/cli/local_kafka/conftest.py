"""A Maven repository for the tests of the jars."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from darkroom_cli.local_kafka import download, jar_cache
from tests.support.maven_repository import FIRST, SECOND, Repository, mirror


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
    """Takes the place of Maven Central, as a company's mirror does; the two example jars take the place of Kafka's."""
    monkeypatch.setattr(jar_cache, "pinned_jars", lambda: (FIRST, SECOND))
    monkeypatch.setattr(download, "_FIRST_PAUSE_S", 0.01)
    repository = Repository(tmp_path / "repository")
    mirror(tmp_path, monkeypatch, repository.server.server_port)
    thread = threading.Thread(target=repository.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield repository
    repository.server.shutdown()
    repository.server.server_close()
    thread.join(10)
