"""A Maven repository for the tests of the jars."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.downloads.maven_repository import Repository, mirror


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
    """A mirror in place of Maven Central."""
    repository = Repository(tmp_path / "repository")
    mirror(tmp_path, monkeypatch, repository.server.server_port)
    thread = threading.Thread(target=repository.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield repository
    repository.server.shutdown()
    repository.server.server_close()
    thread.join(10)
