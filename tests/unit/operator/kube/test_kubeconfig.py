"""Embedded credentials of a kubeconfig become temporary files."""

import base64
from pathlib import Path
from typing import Any

import pytest
import yaml

from darkroom_operator.kube.access import Access
from darkroom_operator.kube.kubeconfig import CredentialFiles, read_kubeconfig


def write(folder: Path, cluster: dict[str, Any], user: dict[str, Any]) -> Path:
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1", **cluster}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(document))
    return path


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_embedded_credentials_are_not_written_to_the_temporary_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    user = {"client-certificate-data": encoded("certificate"), "client-key-data": encoded("key")}
    access = Access(write(tmp_path, {"certificate-authority-data": encoded("ca")}, user))

    core, pykube = access.for_kubernetes(), access.for_pykube()
    paths = [core.ssl_ca_cert, core.cert_file, core.key_file]
    assert [Path(path).read_text() for path in paths] == ["ca", "certificate", "key"]
    assert pykube.cluster["certificate-authority"].bytes() == b"ca"
    assert pykube.user["client-key"].filename() == core.key_file
    assert access.for_kubernetes().key_file == core.key_file, "one file, however often it is asked for"
    assert list(temporary.iterdir()) == []


def test_files_are_found_beside_the_kubeconfig(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text("ca")
    path = write(tmp_path, {"certificate-authority": "ca.crt"}, {"token": "t"})
    document = read_kubeconfig(path, CredentialFiles())
    assert document["clusters"][0]["cluster"]["certificate-authority"] == str(tmp_path / "ca.crt")
    assert Access(path).for_kubernetes().ssl_ca_cert == str(tmp_path / "ca.crt")
