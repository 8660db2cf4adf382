"""Prepares the programs for the tests before pytest starts: `python -m tests.support.kube.tools`.

A cold build takes about eight minutes on two cores, which would exceed the timeout of the first test. With
DARKROOM_TEST_KUBERNETES=oldest, the control plane is of the oldest version that Darkroom supports.
"""

import os
import time
from dataclasses import dataclass
from pathlib import Path

from tests.support.downloads.pypi_programs import pypi_program
from tests.support.kube.go_programs import HELM, KUBERNETES, OLDEST_KUBERNETES, GoModule, go_program
from tests.support.model_servers.registry import registry_program
from tests.support.strimzi.crds import strimzi_crds


@dataclass(frozen=True)
class KubernetesPrograms:
    """The paths of the programs of a control plane."""

    etcd: Path
    kube_apiserver: Path
    kube_controller_manager: Path
    kubectl: Path


def kubernetes_programs() -> KubernetesPrograms:
    """Every program from KUBEBUILDER_ASSETS, else from the cache, else built now."""
    return KubernetesPrograms(
        etcd=_asset("etcd") or pypi_program("etcd"),
        kube_apiserver=_kubernetes("kube-apiserver"),
        kube_controller_manager=_kubernetes("kube-controller-manager"),
        kubectl=_kubernetes("kubectl"),
    )


def kubernetes_version() -> str:
    """The version of the control plane that is built, such as "v1.34.4"."""
    return _module("kube-apiserver").version


def missing_programs() -> list[str]:
    """The programs that would have to be built, which takes minutes."""
    names = ("kube-apiserver", "kube-controller-manager", "kubectl")
    return [name for name in names if _asset(name) is None and not (_module(name).built / name).exists()]


def helm() -> Path:
    """Helm 3, from the cache or built now."""
    return go_program(HELM, "helm")


def _kubernetes(name: str) -> Path:
    return _asset(name) or go_program(_module(name), name)


def _module(name: str) -> GoModule:
    return OLDEST_KUBERNETES if _oldest() and name != "kubectl" else KUBERNETES


def _asset(name: str) -> Path | None:
    """`name` in KUBEBUILDER_ASSETS, the folder of setup-envtest, which lacks the controller manager."""
    folder = os.environ.get("KUBEBUILDER_ASSETS")
    path = Path(folder) / name if folder and not _oldest() else None
    return path if path is not None and path.exists() else None


def _oldest() -> bool:
    return os.environ.get("DARKROOM_TEST_KUBERNETES") == "oldest"


def main() -> None:
    started = time.monotonic()
    programs = kubernetes_programs()
    for path in (programs.etcd, programs.kube_apiserver, programs.kube_controller_manager, programs.kubectl):
        print(path)
    print(helm())
    print(registry_program())
    print(pypi_program("kubernetes-schemas"))
    print(f"{len(strimzi_crds())} Strimzi CRDs; all there after {time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    main()
