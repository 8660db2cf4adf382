"""What the operator is told on its command line or in its environment."""

import argparse
import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from darkroom.logs import LogFormat

_OWN_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


@dataclass(frozen=True)
class Config:
    """Settings of one replica."""

    kubeconfig: str | None
    namespaces: tuple[str, ...]
    worker_image: str
    worker_image_pull_policy: str
    threads: int
    resync_s: float
    stall_s: float
    metrics_port: int
    health_port: int
    leader_election: bool
    lease_namespace: str
    lease_name: str
    lease_s: int
    identity: str
    log_format: LogFormat
    log_level: str


def parse_config(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> Config:
    """The settings; every flag can also be given as an environment variable, DARKROOM_WORKER_IMAGE and so on."""
    parser = argparse.ArgumentParser(
        prog="darkroom-operator",
        description="Makes ImagePipelines real: topics, credentials, workers.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        epilog="Each option is also read from the environment: --worker-image from DARKROOM_WORKER_IMAGE.",
    )

    def option(name: str, text: str, default: str, **more: object) -> None:
        variable = f"DARKROOM_{name.upper().replace('-', '_')}"
        parser.add_argument(f"--{name}", default=environment.get(variable, default), help=text, **more)  # type: ignore[arg-type]

    option("kubeconfig", "kubeconfig file; the pod's service account, or the user's kubeconfig, if left out", "")
    option("watch-namespaces", "namespaces to work in, comma-separated, those of the Kafkas included; all if empty", "")
    option("worker-image", "container image of the workers", "ghcr.io/darkroom/inference:0.1.0")
    option(
        "worker-image-pull-policy",
        "when to pull it",
        "IfNotPresent",
        choices=["Always", "IfNotPresent", "Never"],
    )
    option("reconcile-threads", "pipelines that are worked on at a time", "8", type=int)
    option("resync-seconds", "how often everything is looked at again", "1800", type=float)
    option("stall-seconds", "after this long without any progress /healthz fails", "120", type=float)
    option("metrics-port", "port of /metrics and /readyz", "9090", type=int)
    option("health-port", "port of /healthz, which fails when the queue stands still", "8080", type=int)
    option("leader-election", "whether several replicas agree on one that writes", "true", choices=["true", "false"])
    option("lease-namespace", "namespace of the Lease; the pod's own if left out", "")
    option("lease-name", "name of the Lease", "darkroom-operator")
    option("lease-seconds", "how long a leader that is gone is waited for", "15", type=int)
    option("identity", "this replica's name in the Lease; made of the host's name if left out", "")
    option("log-format", "json or text", "json", choices=["json", "text"])
    option("log-level", "debug, info, warning or error", "info", choices=["debug", "info", "warning", "error"])
    known = parser.parse_args(arguments)
    return Config(
        kubeconfig=known.kubeconfig or None,
        namespaces=tuple(filter(None, (name.strip() for name in known.watch_namespaces.split(",")))),
        worker_image=known.worker_image,
        worker_image_pull_policy=known.worker_image_pull_policy,
        threads=known.reconcile_threads,
        resync_s=known.resync_seconds,
        stall_s=known.stall_seconds,
        metrics_port=known.metrics_port,
        health_port=known.health_port,
        leader_election=known.leader_election == "true",
        lease_namespace=known.lease_namespace or _own_namespace(),
        lease_name=known.lease_name,
        lease_s=known.lease_seconds,
        # Unique on a host, and the same for a container that was restarted: it need not wait for its own lease.
        identity=known.identity or f"{socket.gethostname()}-{os.getpid()}",
        log_format=known.log_format,
        log_level=known.log_level,
    )


def _own_namespace() -> str:
    return _OWN_NAMESPACE.read_text(encoding="utf-8").strip() if _OWN_NAMESPACE.exists() else "default"
