"""The kind cluster: create, delete, and how to connect to it."""

import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from kind.commands import KindError, run
from kind.engine import Engine
from kind.node_image.choice import node_image
from kind.node_image.programs import kind_program
from kind.phases import phase
from kind.settings import CLUSTER, CONFIG, KIND_CACHE, NODE
from tests.support.kube.go_programs import HELM, KUBERNETES, GoModule, go_program

_CREATE_TIMEOUT_S = 600
_READY_TIMEOUT_S = 180
_POLL_S = 1.0
_STORAGE = "local-path-storage"


@dataclass(frozen=True)
class Cluster:
    """A running cluster. `kubeconfig` is a separate file, independent of the user's current context."""

    engine: Engine
    kind: Path
    kubectl: Path
    kubeconfig: Path

    def run_kind(self, *arguments: str | Path, timeout_s: float = 120, shown: bool = False) -> str:
        """The output of `kind` with these arguments."""
        return run([self.kind, *arguments], timeout_s=timeout_s, environment=self.engine.environment, shown=shown)

    def run_kubectl(self, *arguments: str | Path, timeout_s: float = 120, stdin: str = "", shown: bool = False) -> str:
        """The output of `kubectl` with these arguments."""
        command = [self.kubectl, "--kubeconfig", self.kubeconfig, *arguments]
        return run(command, timeout_s=timeout_s, stdin=stdin, shown=shown)


def up(engine: Engine) -> Cluster:
    """Create the cluster if it does not exist, and wait until it is ready.

    Like kind does, this sets the current context of the user's kubeconfig to `kind-<cluster>`.
    """
    cluster = find(engine)
    if not _exists(cluster):
        image = node_image(engine)
        _prepare_host()
        with phase("kind create cluster"):
            arguments = ("--name", CLUSTER, "--image", image, "--config", CONFIG, "--wait", f"{_READY_TIMEOUT_S}s")
            cluster.run_kind("create", "cluster", *arguments, timeout_s=_CREATE_TIMEOUT_S, shown=True)
    cluster.kubeconfig.parent.mkdir(parents=True, exist_ok=True)
    cluster.kubeconfig.write_text(cluster.run_kind("get", "kubeconfig", "--name", CLUSTER), encoding="utf-8")
    cluster.kubeconfig.chmod(0o600)
    with phase("DNS, volumes and network policies"):
        _wait_until_api_answers(cluster)
        _wait_until_all_is_up(cluster)
    return cluster


def down(engine: Engine) -> None:
    """Delete the cluster, its network and its kubeconfig. Images are kept in the engine and in the cache."""
    cluster = find(engine)
    with phase("kind delete cluster"):
        cluster.run_kind("delete", "cluster", "--name", CLUSTER, timeout_s=_CREATE_TIMEOUT_S, shown=True)
    cluster.kubeconfig.unlink(missing_ok=True)
    if not cluster.run_kind("get", "clusters").split():
        networks = engine.run("network", "ls", "--format", "{{.Name}}").split()
        if "kind" in networks:
            engine.run("network", "rm", "kind")


def find(engine: Engine) -> Cluster:
    """The cluster's connection data, even if it does not run."""
    return Cluster(engine, kind_program(), _program(KUBERNETES, "kubectl"), KIND_CACHE / f"kubeconfig-{CLUSTER}")


def helm_program() -> Path:
    """Helm 3: the one built for the tests if it exists, else the user's, else built now."""
    return _program(HELM, "helm")


def _exists(cluster: Cluster) -> bool:
    """Whether the cluster exists. Starts a stopped node, for example after a reboot of the machine."""
    if CLUSTER not in cluster.run_kind("get", "clusters").split():
        return False
    running = cluster.engine.run("container", "inspect", "--format", "{{.State.Running}}", NODE).strip()
    if running != "true":
        with phase(f"starting {NODE}"):
            cluster.engine.run("start", NODE)
    return True


def _program(module: GoModule, name: str) -> Path:
    """The one built for the tests if it exists, else the user's, else built now."""
    installed = shutil.which(name)
    if installed is not None and not (module.built / name).exists():
        return Path(installed)
    return go_program(module, name)


def _prepare_host() -> None:
    """Prepare the host for kind, if this process is root."""
    if os.geteuid() != 0:
        return
    Path("/lib/modules").mkdir(parents=True, exist_ok=True)  # kind mounts this folder, so it must exist
    forwarding = Path("/proc/sys/net/ipv4/ip_forward")
    if forwarding.read_text(encoding="ascii").strip() != "1":
        forwarding.write_text("1", encoding="ascii")


def _wait_until_api_answers(cluster: Cluster) -> None:
    deadline = time.monotonic() + _READY_TIMEOUT_S
    while True:
        try:
            cluster.run_kubectl("get", "--raw", "/readyz", timeout_s=10)
        except KindError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_POLL_S)
        else:
            return


def _wait_until_all_is_up(cluster: Cluster) -> None:
    daemons = cluster.run_kubectl("get", "daemonset", "-n", "kube-system", "-o", "name").split()
    rollouts = [("kube-system", daemon) for daemon in daemons]
    rollouts += [("kube-system", "deployment/coredns"), (_STORAGE, "deployment/local-path-provisioner")]
    for namespace, workload in rollouts:
        wait = ("rollout", "status", workload, "-n", namespace, f"--timeout={_READY_TIMEOUT_S}s")
        try:
            cluster.run_kubectl(*wait, timeout_s=_READY_TIMEOUT_S + 30)
        except KindError:
            cluster.run_kubectl("get", "pods", "-A", "-o", "wide", shown=True)
            cluster.run_kubectl("describe", workload, "-n", namespace, shown=True)
            raise
