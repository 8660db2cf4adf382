"""Downloading jars from a Maven repository: verified, retried, and explained when it fails."""

import socket
from pathlib import Path

import pytest

from darkroom.errors import DarkroomError
from darkroom_cli.local_kafka.jar_cache import ensure_jars
from tests.support.maven_repository import FIRST, Repository, mirror


def test_a_jar_with_the_wrong_content_is_never_used(repository: Repository, tmp_path: Path) -> None:
    repository.put(FIRST, b"something else")
    with pytest.raises(DarkroomError, match=r"first-1\.0\.jar: its sha256 is not the pinned a7937b64b8ca"):
        ensure_jars(tmp_path / "cache")
    assert not (tmp_path / "cache" / FIRST.filename).exists()


def test_a_download_is_tried_again_and_says_so(
    repository: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.failures = 2
    ensure_jars(tmp_path / "cache")
    printed = capsys.readouterr()
    assert printed.err.count("retrying") == 2
    assert "Downloading Kafka 4.3.1: 2 of 2 jars" in printed.err
    assert printed.out == ""


def test_an_unreachable_repository_is_told_in_one_line_with_the_way_round(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed_port = server.getsockname()[1]
    mirror(tmp_path, monkeypatch, closed_port)
    with pytest.raises(DarkroomError, match=r"cannot download Kafka 4\.3\.1 from Maven Central") as refusal:
        ensure_jars(tmp_path / "cache")
    assert "Connection refused" in str(refusal.value)
    assert "--bootstrap-servers" in str(refusal.value)
    assert "\n" not in str(refusal.value)
