"""Files that Kubernetes mounts into a worker."""

from pathlib import Path

import pytest

from darkroom_vision.sources.failures import ModelUnavailable
from darkroom_vision.sources.mounted import mounted_file

URI = "pvc://claim/models/labels.txt"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The path of a file on a volume, which does not exist yet, and a password beside the volume."""
    folder = tmp_path / "volume" / "models"
    folder.mkdir(parents=True)
    (tmp_path / "password").write_text("hunter2")
    return folder / "labels.txt"


def test_a_file_and_a_link_within_the_volume_are_used(file: Path) -> None:
    (file.parent.parent / "other.txt").write_text("a")
    file.symlink_to("../other.txt")
    assert mounted_file("labels", URI, file) == file


@pytest.mark.parametrize("target", ["../../password", "{root}/password"])
def test_a_link_out_of_the_volume_is_refused(file: Path, target: str) -> None:
    file.symlink_to(target.format(root=file.parents[2]))
    with pytest.raises(
        ModelUnavailable, match=r"^labels pvc://claim/models/labels.txt: models/labels.txt is a link out"
    ):
        mounted_file("labels", URI, file)


def test_a_folder_that_is_a_link_out_of_the_volume_is_refused(file: Path) -> None:
    file.parent.rmdir()
    file.parent.symlink_to(file.parents[2])
    with pytest.raises(ModelUnavailable):
        mounted_file("model", "pvc://claim/models/password", file.with_name("password"))


def test_a_volume_may_itself_be_reached_through_a_link(file: Path, tmp_path: Path) -> None:
    file.write_text("a")
    (tmp_path / "mount").symlink_to(tmp_path / "volume")
    assert mounted_file("labels", URI, tmp_path / "mount" / "models" / "labels.txt").read_text() == "a"
