"""The clusters of the fixtures: one for the whole run, and one for a single test."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import yaml

from tests.support.kube.access import Access
from tests.support.kube.api import Manifest
from tests.support.kube.api_server import ApiServer
from tests.support.kube.audit import AuditLog
from tests.support.kube.control_plane import ControlPlane
from tests.support.kube.kinds.add_on_crds import add_on_crds
from tests.support.kube.tools import KubernetesPrograms, kubernetes_programs, missing_programs
from tests.support.strimzi.crds import strimzi_crds

_OUR_CRDS = Path(__file__).parents[3] / "charts" / "darkroom" / "crds"


def our_crds() -> list[Manifest]:
    """The CRDs of the chart."""
    return [yaml.safe_load(path.read_text()) for path in sorted(_OUR_CRDS.glob("*.yaml"))]


def crds() -> list[Manifest]:
    """The CRDs of Strimzi, Darkroom, the Gateway API and cert-manager, installed from the start."""
    return [*strimzi_crds(), *our_crds(), *add_on_crds()]


class SharedControlPlane:
    """The control plane of the whole run, in a temporary folder."""

    def __init__(self) -> None:
        programs = _programs()
        self._folder = Path(tempfile.mkdtemp(prefix="darkroom-test-kubernetes-"))
        self._control_plane = ControlPlane(self._folder, programs)

    def start(self) -> dict[str, str]:
        self._control_plane.start(crds())
        server = self._control_plane.server
        access = {"server": server.admin.server, "token": server.admin.token, "ca": server.admin.ca or ""}
        return {**access, "audit_log": str(server.audit.path)}

    def stop(self) -> None:
        self._control_plane.stop()
        shutil.rmtree(self._folder, ignore_errors=True)


def shared_api_server(about: Mapping[str, str], folder: Path) -> ApiServer:
    """The API server described by `SharedControlPlane.start`, with `folder` for the files of this worker."""
    access = Access(about["server"], about["token"], about["ca"])
    return ApiServer(access, AuditLog(Path(about["audit_log"])), folder, _programs().kubectl)


@contextmanager
def running_control_plane(folder: Path, kinds: Sequence[Manifest]) -> Iterator[ControlPlane]:
    """A cluster with the CRDs `kinds`, which ends with the block."""
    control_plane = ControlPlane(folder, _programs())
    try:
        control_plane.start(kinds)
        yield control_plane
    finally:
        control_plane.stop()


def _programs() -> KubernetesPrograms:
    """The programs. They are not built here, because that exceeds the timeout of a test."""
    if missing := missing_programs():
        raise FileNotFoundError(
            f"{', '.join(missing)}: neither in KUBEBUILDER_ASSETS nor built yet: run `make test-tools` (once)"
        )
    return kubernetes_programs()
