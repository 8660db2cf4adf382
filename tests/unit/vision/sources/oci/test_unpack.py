"""Tar archives of artifacts: limits, and members that are no files."""

import io
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom_vision.sources.failures import Refused
from darkroom_vision.sources.oci.unpack import unpack
from tests.support.model_servers.push import packed


def archive_of(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_only_files_are_unpacked(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
        folder = tarfile.TarInfo("a")
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
        file = tarfile.TarInfo("./a/m.onnx")
        file.size = 5
        tar.addfile(file, io.BytesIO(b"model"))
    assert unpack(archive_of(tmp_path / "tar", buffer.getvalue()), "", tmp_path / "out", 100) == ["a/m.onnx"]
    assert [path.name for path in (tmp_path / "out").rglob("*")] == ["a", "m.onnx"]


@pytest.mark.parametrize("name", ["../m.onnx", "/m.onnx", "a/../../m.onnx"])
def test_a_path_outside_the_archive_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Refused, match="which is outside it"):
        unpack(archive_of(tmp_path / "tar", packed({name: b"model"})), "", tmp_path / "out", 100)
    assert not list(tmp_path.rglob("m.onnx"))


def test_a_small_archive_of_a_large_file_is_refused(tmp_path: Path) -> None:
    archive = archive_of(tmp_path / "tar", packed({"m.onnx": bytes(1 << 20)}, compressed=True))
    with pytest.raises(Refused, match=r"its files have more than 1,000 bytes"):
        unpack(archive, "gz", tmp_path / "out", 1000)


@given(position=st.integers(0, 200), byte=st.integers(0, 255))
def test_a_damaged_archive_is_unpacked_or_refused(
    tmp_path_factory: pytest.TempPathFactory, position: int, byte: int
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    content = bytearray(packed({"m.onnx": b"model " * 400}, compressed=True))
    content[position % len(content)] = byte
    try:
        unpack(archive_of(folder / "tar", bytes(content)), "gz", folder / "out", 10_000)
    except Refused as error:
        assert str(error)  # noqa: PT017 - any other exception fails the test


@given(content=st.binary(max_size=2000), compression=st.sampled_from(["", "gz"]))
def test_bytes_of_any_kind_are_unpacked_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, compression: str
) -> None:
    folder = tmp_path_factory.mktemp("any")
    try:
        unpack(archive_of(folder / "tar", content), compression, folder / "out", 10_000)
    except Refused as error:
        assert str(error)  # noqa: PT017 - any other exception fails the test
