"""The cache of Kafka's jars, filled from a Maven repository."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from darkroom.errors import DarkroomError
from darkroom_cli.local_kafka.jar_cache import ensure_jars
from tests.support.downloads.maven_repository import FIRST, SECOND, Repository

JARS = (FIRST, SECOND)


def test_only_missing_jars_are_downloaded(repository: Repository, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / FIRST.filename).write_bytes(b"first")
    assert ensure_jars(cache, JARS) == (cache / "first-1.0.jar", cache / "second-2.1.jar")
    assert (cache / "second-2.1.jar").read_bytes() == b"second"
    assert repository.downloads == ["second-2.1.jar"]
    assert {path.name for path in cache.iterdir()} == {"first-1.0.jar", "second-2.1.jar", "lock"}


def test_a_damaged_jar_in_the_cache_is_replaced(repository: Repository, tmp_path: Path) -> None:
    ensure_jars(tmp_path / "cache", JARS)
    (tmp_path / "cache" / FIRST.filename).write_bytes(b"firs")
    ensure_jars(tmp_path / "cache", JARS)
    assert (tmp_path / "cache" / FIRST.filename).read_bytes() == b"first"


def test_many_at_a_time_download_once(repository: Repository, tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: ensure_jars(tmp_path / "cache", JARS), range(4)))
    assert sorted(repository.downloads) == ["first-1.0.jar", "second-2.1.jar"]


def test_a_cache_folder_that_cannot_be_made_is_named(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DarkroomError, match=r"cannot use the cache folder .*/file/cache: Not a directory"):
        ensure_jars(tmp_path / "file" / "cache", JARS)
