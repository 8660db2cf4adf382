"""Which broker writes the class cache, and when the cache is kept."""

from pathlib import Path

import pytest

from darkroom_cli.local_kafka.class_cache import ClassCache


@pytest.fixture
def jars(tmp_path: Path) -> list[Path]:
    jar = tmp_path / "kafka.jar"
    jar.write_bytes(b"a jar")
    return [jar]


def written(cache: ClassCache) -> Path:
    """Write what the JVM would write with `options`."""
    output, with_counters = cache.options()
    name, _, path = output.partition("=")
    assert (name, with_counters) == ("-XX:AOTCacheOutput", "-XX:TieredStopAtLevel=2")
    Path(path).write_bytes(b"classes")
    return Path(path)


def test_one_broker_writes_it_and_the_next_ones_read_it(tmp_path: Path, jars: list[Path]) -> None:
    first, second = ClassCache(tmp_path, jars), ClassCache(tmp_path, jars)
    assert first.options_to_read() == []
    unfinished = written(first)
    assert (first.is_written, second.options(), second.is_written) == (True, [], False)
    first.broker_ended(in_order=True)
    second.broker_ended(in_order=True)
    assert (unfinished.exists(), first.is_written) == (False, False)
    (option,) = second.options()
    assert option.startswith(f"-XX:AOTCache={tmp_path}/classes-")
    assert ClassCache(tmp_path, jars).options_to_read() == [option]


def test_the_cache_of_a_killed_broker_is_discarded_and_rewritten(tmp_path: Path, jars: list[Path]) -> None:
    killed = ClassCache(tmp_path, jars)
    unfinished = written(killed)
    assert killed.options()[0] == f"-XX:AOTCacheOutput={unfinished}"  # after a restart it still writes the cache
    killed.broker_ended(in_order=False)
    assert not unfinished.exists()
    assert killed.options_to_read() == []
    assert written(ClassCache(tmp_path, jars)) == unfinished


def test_other_jars_get_a_new_cache_that_replaces_the_old_one(tmp_path: Path, jars: list[Path]) -> None:
    old = ClassCache(tmp_path, jars)
    written(old)
    old.broker_ended(in_order=True)
    jars[0].write_bytes(b"another jar")
    new = ClassCache(tmp_path, jars)
    assert new.options_to_read() == []
    written(new)
    new.broker_ended(in_order=True)
    assert len(list(tmp_path.glob("classes-*.aot"))) == 1
    assert old.options_to_read() == []
