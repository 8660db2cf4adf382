"""A data folder is used by one broker, and only if it is empty or has that broker's data."""

import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from darkroom.errors import DarkroomError
from darkroom_cli.local_kafka.data_folder import claim, claim_temporary


@contextmanager
def powerless_user() -> Iterator[None]:
    """Act as a user without rights on the test's files, because root may write everywhere."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_folder_keeps_the_cluster_it_was_made_for(tmp_path: Path) -> None:
    first = claim(tmp_path / "data")
    first.release()
    second = claim(tmp_path / "data")
    second.release()
    assert second.identity == first.identity


def test_a_folder_in_use_is_refused_until_it_is_released(tmp_path: Path) -> None:
    owner = claim(tmp_path / "data")
    with pytest.raises(DarkroomError, match=r"data folder .*/data is in use by another running Kafka"):
        claim(tmp_path / "data")
    owner.release()
    claim(tmp_path / "data").release()


def test_data_of_another_kafka_version_is_refused_by_name(tmp_path: Path) -> None:
    claim(tmp_path).release()
    marker = tmp_path / "darkroom-kafka.json"
    marker.write_text(marker.read_text().replace("4.3.1", "3.9.0"))
    before = marker.read_bytes()
    with pytest.raises(DarkroomError, match=r"holds data of Kafka 3\.9\.0, this is Kafka 4\.3\.1") as refusal:
        claim(tmp_path)
    assert "\n" not in str(refusal.value)
    assert marker.read_bytes() == before


def test_data_of_another_broker_is_refused_and_stays_free_for_that_one(tmp_path: Path) -> None:
    claim(tmp_path, node_id=1, cluster_id="one-cluster").release()
    with pytest.raises(DarkroomError, match="belongs to broker 1 of cluster one-cluster, not to broker 2"):
        claim(tmp_path, node_id=2, cluster_id="one-cluster")
    with pytest.raises(DarkroomError, match="not to broker 1 of cluster another"):
        claim(tmp_path, node_id=1, cluster_id="another")
    claim(tmp_path, node_id=1, cluster_id="one-cluster").release()


def test_a_foreign_folder_is_refused_and_not_changed(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").touch()
    with pytest.raises(DarkroomError, match=r"contains 'holiday\.jpg' but no darkroom-kafka\.json"):
        claim(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["holiday.jpg"]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"kafka_version": "4.3.1"}', "\udcff"])
def test_a_damaged_marker_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "darkroom-kafka.json").write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(DarkroomError, match=r"darkroom-kafka\.json is damaged"):
        claim(tmp_path)


def test_a_folder_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with (
        powerless_user(),
        pytest.raises(DarkroomError, match=r"data folder .*/data: Permission denied: make it writable"),
    ):
        claim(tmp_path / "data")
    tmp_path.chmod(0o700)


def test_a_file_where_the_folder_should_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(DarkroomError, match=r"data folder .*/data: File exists"):
        claim(tmp_path / "data")


def test_temporary_folders_that_killed_processes_left_are_removed_and_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    long_ago = time.time() - 3600
    left, in_use = claim_temporary(), claim_temporary()
    left.release()
    for folder in (left, in_use):
        os.utime(folder.path / "lock", (long_ago, long_ago))
    just_made = claim_temporary()
    just_made.release()
    newest = claim_temporary()
    assert set(tmp_path.iterdir()) == {in_use.path, just_made.path, newest.path}
    for folder in (in_use, newest):
        folder.remove()


def test_the_marker_is_json_that_a_person_can_read(tmp_path: Path) -> None:
    claim(tmp_path, node_id=3, cluster_id="c").release()
    content = json.loads((tmp_path / "darkroom-kafka.json").read_text())
    assert content == {"kafka_version": "4.3.1", "cluster_id": "c", "node_id": 3}
