"""The operator's configuration, from its command line and environment."""

import argparse
import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from darkroom import __version__
from darkroom.logs import LogFormat
from darkroom.scaling.settings import TICK_S
from darkroom_operator.builders.workload import WorkerTracing
from darkroom_operator.reconcile.tenant_template import FIELDS
from darkroom_operator.reconcile.worker_defaults import WorkerDefaults

_OWN_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


@dataclass(frozen=True)
class Config:
    """Configuration of one replica."""

    kubeconfig: str | None
    namespaces: tuple[str, ...]
    worker_image: str
    worker_gpu_image: str
    worker_image_pull_policy: str
    worker_tracing: WorkerTracing | None
    worker_defaults: WorkerDefaults
    tenant_template: tuple[str, ...]
    kafka_user: str
    scaling_s: float
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
    """The configuration. Every option is also read from an environment variable, such as DARKROOM_WORKER_IMAGE."""
    parser = argparse.ArgumentParser(
        prog="darkroom-operator",
        description="Manages the topics, credentials and workers of ImagePipelines.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        epilog="Each option is also read from the environment: --worker-image from DARKROOM_WORKER_IMAGE.",
    )

    def option(name: str, text: str, default: str, **more: object) -> None:
        variable = f"DARKROOM_{name.upper().replace('-', '_')}"
        parser.add_argument(f"--{name}", default=environment.get(variable, default), help=text, **more)  # type: ignore[arg-type]

    option("kubeconfig", "kubeconfig file (default: the pod's service account, else the user's kubeconfig)", "")
    option(
        "watch-namespaces", "comma-separated namespaces to watch, including those of Kafka clusters (default: all)", ""
    )
    option("worker-image", "container image of the workers", f"ghcr.io/darkroom/inference:{__version__}")
    option(
        "worker-gpu-image",
        "container image of the workers whose resources.limits have nvidia.com/gpu (empty: --worker-image)",
        f"ghcr.io/darkroom/inference-gpu:{__version__}",
    )
    option(
        "worker-image-pull-policy",
        "image pull policy of the workers",
        "IfNotPresent",
        choices=["Always", "IfNotPresent", "Never"],
    )
    option("worker-otlp-endpoint", "URL of the collector that workers send spans to (empty: no tracing)", "")
    option("worker-trace-sample-ratio", "part of the traces that begin at a worker, from 0 to 1", "0.01", type=float)
    option(
        "worker-defaults",
        "JSON object with resources, nodeSelector, tolerations and runtimeClassName of stages that leave them open",
        "{}",
    )
    option(
        "tenant-template",
        "comma-separated fields of spec.stages[].template that pipelines may set; none for no field",
        ",".join(FIELDS),
    )
    option(
        "kafka-user",
        "KafkaUser that may Describe topics and groups, in the namespace of each Strimzi cluster: for autoscaling",
        "darkroom-operator",
    )
    option("scaling-seconds", "interval of decisions about the number of workers", f"{TICK_S:g}", type=float)
    option("reconcile-threads", "pipelines that are reconciled at the same time", "8", type=int)
    option("resync-seconds", "interval of a full resync", "1800", type=float)
    option("stall-seconds", "/healthz fails if pipelines wait and none was reconciled for this long", "120", type=float)
    option("metrics-port", "port of /metrics and /readyz", "9090", type=int)
    option("health-port", "port of /healthz", "8080", type=int)
    option("leader-election", "whether replicas elect a leader, which alone writes", "true", choices=["true", "false"])
    option("lease-namespace", "namespace of the Lease (default: the pod's)", "")
    option("lease-name", "name of the Lease", "darkroom-operator")
    option(
        "lease-seconds", "duration of the Lease: how long to wait for a leader that does not renew it", "15", type=int
    )
    option("identity", "this replica's name in the Lease (default: host name and process id)", "")
    option("log-format", "log format", "json", choices=["json", "text"])
    option("log-level", "log level", "info", choices=["debug", "info", "warning", "error"])
    known = parser.parse_args(arguments)
    return Config(
        kubeconfig=known.kubeconfig or None,
        namespaces=tuple(filter(None, (name.strip() for name in known.watch_namespaces.split(",")))),
        worker_image=known.worker_image,
        worker_gpu_image=known.worker_gpu_image,
        worker_image_pull_policy=known.worker_image_pull_policy,
        worker_tracing=_tracing(parser, known.worker_otlp_endpoint, known.worker_trace_sample_ratio),
        worker_defaults=_worker_defaults(parser, known.worker_defaults),
        tenant_template=_tenant_template(parser, known.tenant_template),
        kafka_user=known.kafka_user,
        scaling_s=known.scaling_seconds,
        threads=known.reconcile_threads,
        resync_s=known.resync_seconds,
        stall_s=known.stall_seconds,
        metrics_port=known.metrics_port,
        health_port=known.health_port,
        leader_election=known.leader_election == "true",
        lease_namespace=known.lease_namespace or _own_namespace(),
        lease_name=known.lease_name,
        lease_s=known.lease_seconds,
        # Unique on a host, and stable over restarts of the container, which then does not wait for its own Lease.
        identity=known.identity or f"{socket.gethostname()}-{os.getpid()}",
        log_format=known.log_format,
        log_level=known.log_level,
    )


def _worker_defaults(parser: argparse.ArgumentParser, document: str) -> WorkerDefaults:
    try:
        return WorkerDefaults.model_validate_json(document)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, found['loc']))}: {found['msg']}" for found in error.errors())
        parser.error(f"--worker-defaults: {problems}")


def _tenant_template(parser: argparse.ArgumentParser, fields: str) -> tuple[str, ...]:
    chosen = tuple(filter(None, (field.strip() for field in fields.split(",")))) if fields != "none" else ()
    if unknown := sorted(set(chosen) - set(FIELDS)):
        parser.error(f"--tenant-template: {', '.join(unknown)}: choose from {', '.join(FIELDS)}")
    return chosen


def _tracing(parser: argparse.ArgumentParser, endpoint: str, ratio: float) -> WorkerTracing | None:
    if not endpoint:
        return None
    tracing = WorkerTracing(endpoint, ratio)
    try:
        valid = endpoint.startswith(("http://", "https://")) and tracing.port > 0
    except ValueError:  # the port is no number
        valid = False
    if not valid:
        parser.error(f"--worker-otlp-endpoint: {endpoint}: give a URL such as http://collector.monitoring:4318")
    if not 0 <= ratio <= 1:
        parser.error(f"--worker-trace-sample-ratio: {ratio:g}: give a number from 0 to 1")
    return tracing


def _own_namespace() -> str:
    return _OWN_NAMESPACE.read_text(encoding="utf-8").strip() if _OWN_NAMESPACE.exists() else "default"
