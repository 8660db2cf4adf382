"""Image archives follow the OCI image layout and are reproducible."""

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from kind.node_image.oci_archive import Program, write_archive


@pytest.fixture
def program(tmp_path: Path) -> Program:
    binary = tmp_path / "server"
    binary.write_bytes(b"\x7fELF")
    binary.chmod(0o755)
    tree = tmp_path / "tree"
    (tree / "usr" / "bin").mkdir(parents=True)
    (tree / "usr" / "bin" / "nft").write_bytes(b"nft")
    (tree / "bin").symlink_to("usr/bin")
    return Program("example.test/server:v1", {"/": tree, "/usr/local/bin/server": binary}, ("server",), "65535:65535")


@pytest.fixture
def archive(program: Program, tmp_path: Path) -> dict[str, bytes]:
    write_archive(program, tmp_path / "image.tar")
    return _members(tarfile.open(tmp_path / "image.tar"))


def _members(archive: tarfile.TarFile) -> dict[str, bytes]:
    with archive:
        return {name: file.read() for name in archive.getnames() if (file := archive.extractfile(name))}


def _blob(archive: dict[str, bytes], descriptor: dict[str, Any]) -> bytes:
    blob = archive["blobs/" + descriptor["digest"].replace(":", "/")]
    assert descriptor["digest"] == f"sha256:{hashlib.sha256(blob).hexdigest()}"
    assert descriptor["size"] == len(blob)
    return blob


def test_every_descriptor_leads_to_its_blob(archive: dict[str, bytes]) -> None:
    (entry,) = json.loads(archive["index.json"])["manifests"]
    assert entry["annotations"]["io.containerd.image.name"] == "example.test/server:v1"
    manifest = json.loads(_blob(archive, entry))
    config = json.loads(_blob(archive, manifest["config"]))
    assert (config["config"]["Entrypoint"], config["config"]["User"]) == (["server"], "65535:65535")
    layer = gzip.decompress(_blob(archive, manifest["layers"][0]))
    assert config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(layer).hexdigest()}"]


def test_the_layer_has_files_modes_and_links_without_owner_names(archive: dict[str, bytes]) -> None:
    (entry,) = json.loads(archive["index.json"])["manifests"]
    layer = _blob(archive, json.loads(_blob(archive, entry))["layers"][0])
    with tarfile.open(fileobj=io.BytesIO(layer)) as files:
        members = {member.name: member for member in files}
    assert members["usr/local/bin/server"].mode == 0o755
    assert members["usr/bin/nft"].size == len(b"nft")
    assert members["bin"].linkname == "usr/bin"
    assert members["tmp"].mode == 0o1777
    assert {(member.uid, member.gid, member.uname, member.mtime) for member in members.values()} == {(0, 0, "", 0)}
    assert len(members) == len(set(members)), "no folder is written twice"


def test_the_same_input_gives_the_same_bytes(program: Program, tmp_path: Path) -> None:
    write_archive(program, tmp_path / "one.tar")
    write_archive(program, tmp_path / "two.tar")
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()
