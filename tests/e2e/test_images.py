"""Darkroom's images run without root and with a read-only root file system, and say what is in them."""

import json
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from kind.cluster import Cluster
from kind.commands import KindError
from kind.images import SERVICES, Image
from kind.sboms import copy_sboms
from tests.support.on_kind.pods import restricted_pod, run_pod

pytestmark = pytest.mark.e2e

_WHO_AM_I = """
import os, pathlib
print(os.getuid())
pathlib.Path("/tmp/scratch").write_text("fine")
try:
    pathlib.Path("/opt/darkroom/scratch").write_text("not fine")
except OSError as error:
    print(error.strerror)
"""

_INSTALLED = """
from importlib.metadata import distributions
for package in distributions():
    print(package.name, package.version)
"""


@pytest.mark.parametrize("name", SERVICES)
def test_an_image_starts_its_program_without_rights_on_a_read_only_root(
    cluster: Cluster, images: dict[str, Image], namespace: str, name: str
) -> None:
    ended = run_pod(cluster, namespace, restricted_pod(name, images[name].reference, args=["--help"]))
    assert ended.exit_code == 0, ended.log
    assert "usage" in ended.log.lower()


@pytest.mark.parametrize("name", SERVICES)
def test_an_image_is_not_root_and_writes_only_to_tmp(
    cluster: Cluster, images: dict[str, Image], namespace: str, name: str
) -> None:
    pod = restricted_pod(name, images[name].reference, ["python3", "-c", _WHO_AM_I])
    ended = run_pod(cluster, namespace, pod)
    assert (ended.exit_code, ended.log.splitlines()) == (0, ["10001", "Read-only file system"])


@pytest.mark.parametrize("name", SERVICES)
def test_the_sbom_of_an_image_lists_what_is_installed(
    cluster: Cluster, images: dict[str, Image], namespace: str, name: str, tmp_path: Path
) -> None:
    (path,) = copy_sboms(cluster.engine, [images[name]], tmp_path)
    text = path.read_text(encoding="utf-8")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    components = json.loads(text)["components"]
    installed = run_pod(cluster, namespace, restricted_pod(name, images[name].reference, ["python3", "-c", _INSTALLED]))
    listed = {f"{component['name']} {component['version']}" for component in components}
    assert set(installed.log.splitlines()) <= listed
    assert [component for component in components if component["purl"].startswith("pkg:deb/debian/ca-certificates@")]


def test_pod_security_refuses_root(cluster: Cluster, images: dict[str, Image], namespace: str) -> None:
    pod = restricted_pod("root", images["inference"].reference)
    pod["spec"]["securityContext"] = {"runAsUser": 0}
    with pytest.raises(KindError, match=r'violates PodSecurity "restricted'):
        run_pod(cluster, namespace, pod)
