"""The programs of a node, and kind itself, built from Go modules whose versions and hashes are locked."""

from pathlib import Path

from kind.node_image.network_policies import network_policies_module
from tests.support.kube.go_programs import KUBERNETES, GoModule, go_program, module_source

GO = Path(__file__).with_name("go")
KIND = GoModule(GO, "sigs.k8s.io/kind", package="{path}")
_ETCD = GoModule(GO, "go.etcd.io/etcd/server/v3", package="{path}")
_COREDNS = GoModule(GO, "github.com/coredns/coredns", package="./coredns")
_LOCAL_PATH = GoModule(
    GO, "github.com/rancher/local-path-provisioner", "-s -w -X main.VERSION={version}", package="{path}"
)
_PAUSE = GoModule(GO, "sigs.k8s.io/kind", package="./pause")
_CONTROL_PLANE = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy")
_NODE = ("kubeadm", "kubelet", "kubectl")


def kind_program() -> Path:
    """The program `kind`."""
    return go_program(KIND, "kind")


def kind_source() -> Path:
    """The source of `kind`, which has the files of its node image."""
    return module_source(KIND)


def node_programs() -> dict[str, Path]:
    """Everything that a node runs, by name; what is not in the cache is built now, one after the other."""
    kubernetes = {name: go_program(KUBERNETES, name) for name in (*_CONTROL_PLANE, *_NODE)}
    others = {
        "etcd": _ETCD,
        "coredns": _COREDNS,
        "local-path-provisioner": _LOCAL_PATH,
        "pause": _PAUSE,
        "kube-network-policies": network_policies_module(GO),
    }
    return kubernetes | {name: go_program(module, name) for name, module in others.items()}
