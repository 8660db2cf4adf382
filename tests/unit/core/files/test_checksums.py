"""Checksums of files, against known ones."""

from pathlib import Path

from darkroom.files.checksums import sha256_of


def test_the_checksum_is_the_one_that_sha256sum_prints(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"first")
    assert sha256_of(tmp_path / "file") == "a7937b64b8caa58f03721bb6bacf5c78cb235febe0e70b1b84cd99541461a08e"
