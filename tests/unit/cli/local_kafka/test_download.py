"""Downloading jars from a Maven repository: verification, retries and errors."""

import socket
from pathlib import Path

import pytest

from darkroom.errors import DarkroomError
from darkroom_cli.local_kafka.download import download
from tests.support.downloads.maven_repository import FIRST, SECOND, Repository, mirror


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    folder = tmp_path / "cache"
    folder.mkdir()
    return folder


def test_a_jar_with_the_wrong_content_is_never_used(repository: Repository, cache: Path) -> None:
    repository.put(FIRST, b"something else")
    with pytest.raises(DarkroomError, match=r"first-1\.0\.jar: its sha256 is not the pinned a7937b64b8ca"):
        download((FIRST, SECOND), cache, first_pause_s=0.01)
    assert not (cache / FIRST.filename).exists()


def test_a_download_is_tried_again_and_says_so(
    repository: Repository, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.failures = 2
    download((FIRST, SECOND), cache, first_pause_s=0.01)
    printed = capsys.readouterr()
    assert printed.err.count("retrying") == 2
    assert "Downloading Kafka 4.3.1: 2 of 2 jars" in printed.err
    assert printed.out == ""


def test_an_unreachable_repository_is_reported_in_one_line_with_a_workaround(
    repository: Repository, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed_port = server.getsockname()[1]
    mirror(tmp_path, monkeypatch, closed_port)
    with pytest.raises(DarkroomError, match=r"cannot download Kafka 4\.3\.1 from Maven Central") as refusal:
        download((FIRST, SECOND), cache, first_pause_s=0.01)
    assert "Connection refused" in str(refusal.value)
    assert "--bootstrap-servers" in str(refusal.value)
    assert "\n" not in str(refusal.value)
