"""The operator as a process against the test API server, with the rights of the chart, and everything around it.

A `Site` is a pair of namespaces: the pipelines' and the Kafka's, where a stand-in for Strimzi answers. The operator
watches only these two, so that tests run side by side.
"""

import functools
import json
import socket
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.chart import Helm, grant
from tests.support.kube.access import Access
from tests.support.kube.api import Api, Manifest
from tests.support.kube.api_server import ApiServer
from tests.support.kube.child_process import ChildProcess
from tests.support.kube.kubelet import FakeKubelet
from tests.support.network.http_get import http_get
from tests.support.strimzi.kafka_resource import KafkaListener, install_kafka
from tests.support.strimzi.stand_in import StrimziStandIn
from tests.support.until import until

START_TIMEOUT_S = 40.0
LOG_LINES = 60
CLUSTER = "events"
PROGRAM = ("-m", "darkroom_operator")

_PATHS = {
    "imagepipelines": "/apis/darkroom.dev/v1alpha1",
    "kafkatopics": "/apis/kafka.strimzi.io/v1",
    "kafkausers": "/apis/kafka.strimzi.io/v1",
    "kafkas": "/apis/kafka.strimzi.io/v1",
    "deployments": "/apis/apps/v1",
    "poddisruptionbudgets": "/apis/policy/v1",
    "networkpolicies": "/apis/networking.k8s.io/v1",
    "podmonitors": "/apis/monitoring.coreos.com/v1",
    "scaledobjects": "/apis/keda.sh/v1alpha1",
    "triggerauthentications": "/apis/keda.sh/v1alpha1",
    "leases": "/apis/coordination.k8s.io/v1",
    "events": "/apis/events.k8s.io/v1",
}


class OperatorProcess:
    """One replica."""

    def __init__(self, kubeconfig: Path, folder: Path, *arguments: str, program: Sequence[str] = PROGRAM) -> None:
        self.metrics_port, self.health_port = _free_port(), _free_port()
        command = [
            sys.executable, *program, "--kubeconfig", kubeconfig, "--log-format", "text",
            "--metrics-port", str(self.metrics_port), "--health-port", str(self.health_port), *arguments,
        ]  # fmt: skip
        self._process = ChildProcess(command, folder / f"operator-{self.metrics_port}.log")
        self.log = self._process.log

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def wait_until_ready(self) -> None:
        self._process.wait_until(lambda: self.get("/readyz")[0] == 200, START_TIMEOUT_S)

    def get(self, path: str, port: int | None = None) -> tuple[int, str]:
        """The status and the body of a response; 0 if there is none."""
        return http_get(port or self.metrics_port, path)

    def metric(self, line: str) -> float:
        """The value of a metric, named as in the exposition format: `name{label="x"}`; 0 if it does not exist."""
        values = [
            float(v)
            for name, _, v in (ln.rpartition(" ") for ln in self.get("/metrics")[1].splitlines())
            if name == line
        ]
        return values[0] if values else 0.0

    def stop(self) -> None:
        self._process.terminate()

    def kill(self) -> None:
        self._process.kill()


@dataclass
class Site:
    """Two namespaces and the processes that serve them."""

    api_server: ApiServer
    namespace: str
    kafka_namespace: str
    folder: Path
    stack: ExitStack
    user: str = field(init=False)
    strimzi: StrimziStandIn = field(init=False, repr=False)
    kubelet: FakeKubelet = field(init=False, repr=False)
    _made: int = 0

    def __post_init__(self) -> None:
        self.api: Api = self.api_server.admin.api()
        self.account = "darkroom-operator"
        self.user = f"system:serviceaccount:{self.kafka_namespace}:{self.account}"
        self._grant()

    def access(self) -> Access:
        """The operator's access to the API server."""
        return self.api_server.admin.as_service_account(self.kafka_namespace, self.account)

    def start_operator(
        self, *arguments: str, access: Access | None = None, program: Sequence[str] = PROGRAM
    ) -> OperatorProcess:
        """Start a replica, without leader election unless `arguments` enable it, and wait until it is ready."""
        self._made += 1
        kubeconfig = (access or self.access()).write_kubeconfig(self.folder / f"operator-{self._made}.kubeconfig")
        if "--leader-election" not in arguments:
            arguments = ("--leader-election", "false", *arguments)
        scope = ("--watch-namespaces", f"{self.namespace},{self.kafka_namespace}")
        lease = ("--lease-namespace", self.kafka_namespace)
        operator = OperatorProcess(kubeconfig, self.folder, *scope, *lease, *arguments, program=program)
        self.stack.callback(operator.stop)
        operator.wait_until_ready()
        return operator

    def start_strimzi(
        self, bootstrap_servers: str, listeners: list[KafkaListener] | None = None, **arguments: Any
    ) -> StrimziStandIn:
        """Create a Kafka resource without authorization, like the shared broker, and start the stand-in for Strimzi."""
        install_kafka(self.api, self.kafka_namespace, CLUSTER, listeners or [KafkaListener("plain", bootstrap_servers)])
        return self.stack.enter_context(
            StrimziStandIn(self.api, self.kafka_namespace, CLUSTER, bootstrap_servers, **arguments)
        )

    def start_all(self, bootstrap_servers: str) -> OperatorProcess:
        """Everything that a pipeline needs: Strimzi, nodes, a model, and the operator."""
        self.strimzi = self.start_strimzi(bootstrap_servers)
        self.kubelet = self.start_kubelet()
        self.put_model()
        return self.start_operator()

    def start_kubelet(self) -> FakeKubelet:
        return self.stack.enter_context(FakeKubelet(self.api, self.namespace))

    def path(self, resource: str, name: str = "", namespace: str | None = None) -> str:
        base = f"{_PATHS.get(resource, '/api/v1')}/namespaces/{namespace or self.namespace}/{resource}"
        return f"{base}/{name}" if name else base

    def find(self, resource: str, name: str, namespace: str | None = None) -> Manifest | None:
        return self.api.find(self.path(resource, name, namespace))

    def names(self, resource: str, namespace: str | None = None) -> list[str]:
        listed = self.api.get(self.path(resource, namespace=namespace), labelSelector="darkroom.dev/pipeline")
        return sorted(item["metadata"]["name"] for item in listed["items"])

    def manifest(self, name: str = "digits", stages: list[str] | None = None, **spec: Any) -> Manifest:
        """A pipeline with the model of `put_model`, small enough for one broker."""
        images = {"partitions": 2, "replicas": 1, "maxBytes": "100k", **spec.pop("images", {})}
        kafka = spec.pop("kafka", {"cluster": {"name": CLUSTER, "namespace": self.kafka_namespace}})
        return {
            "apiVersion": "darkroom.dev/v1alpha1",
            "kind": "ImagePipeline",
            "metadata": {"name": name, "namespace": self.namespace},
            "spec": {
                "kafka": kafka,
                "images": images,
                "stages": [
                    {
                        "name": stage,
                        "model": {"uri": "configmap://model/model.onnx"},
                        "output": {"type": "Classification"},
                    }
                    for stage in stages or ["classify"]
                ],
                **spec,
            },
        }

    def put_model(self, content: str = "a model", name: str = "model") -> None:
        config_map = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": name, "namespace": self.namespace},
            "data": {"model.onnx": content},
        }
        self.api.apply(self.path("configmaps", name), config_map)

    def apply(self, manifest: Manifest) -> Manifest:
        return self.api.apply(self.path("imagepipelines", manifest["metadata"]["name"]), manifest)

    def condition(self, kind: str, name: str = "digits") -> dict[str, Any]:
        """A condition of a pipeline for its current generation; empty if there is none yet."""
        live = self.find("imagepipelines", name) or {}
        found = {c["type"]: c for c in live.get("status", {}).get("conditions", [])}.get(kind, {})
        current = found.get("observedGeneration") == live.get("metadata", {}).get("generation")
        return found if current else {}

    def wait_ready(self, name: str = "digits", timeout_s: float = 40.0) -> Manifest:
        try:
            until(lambda: self.condition("Ready", name).get("status") == "True", f"{name} is Ready", timeout_s)
        except AssertionError as error:
            error.add_note(json.dumps((self.find("imagepipelines", name) or {}).get("status"), indent=1))
            raise
        return self.api.get(self.path("imagepipelines", name))

    def wait_reason(self, reason: str, kind: str = "Ready", name: str = "digits") -> str:
        """Wait until a condition has this reason. Returns its message."""
        until(
            lambda: (self.condition(kind, name) or {}).get("reason") == reason,
            f"{kind} of {name} is {reason}: {self.condition(kind, name)}",
            40.0,
        )
        return str(self.condition(kind, name)["message"])

    def change(self, name: str = "digits", **spec: Any) -> Manifest:
        """Change fields of the spec of a pipeline, as `kubectl edit` would."""
        return self.api.merge(self.path("imagepipelines", name), {"spec": spec})

    def events(self, name: str = "digits") -> list[str]:
        """The reasons of the Events about a pipeline, oldest first."""
        found = self.api.get(self.path("events"))["items"]
        about = [event for event in found if event.get("regarding", {}).get("name") == name]
        return [event["reason"] for event in sorted(about, key=lambda event: str(event["eventTime"]))]

    @property
    def role(self) -> str:
        """The path of the role that the operator has in its namespaces."""
        return f"/apis/rbac.authorization.k8s.io/v1/clusterroles/{self.kafka_namespace}-darkroom-operator"

    def wait_gone(self, resource: str, name: str, namespace: str | None = None) -> None:
        until(lambda: self.find(resource, name, namespace) is None, f"{resource} {name} is gone", 40.0)

    def _grant(self) -> None:
        """The operator's service account, with the rights that the chart gives it in these two namespaces."""
        text = json.dumps(_chart_rights()).replace(_KAFKA, self.kafka_namespace).replace(_PIPELINES, self.namespace)
        for path in grant(self.api, json.loads(text)):
            self.stack.callback(self.api.delete, path)


_PIPELINES, _KAFKA = "the-pipelines-namespace", "the-kafka-namespace"


@functools.cache
def _chart_rights() -> list[Manifest]:
    """The RBAC objects of the chart for an operator of two namespaces, rendered once."""
    with tempfile.TemporaryDirectory(prefix="darkroom-test-helm-") as folder:
        values = {"operator": {"watchNamespaces": [_PIPELINES, _KAFKA]}}
        rendered = Helm(Path(folder)).template("darkroom", _KAFKA, values)
    return [manifest for manifest in rendered if "operator" in manifest["metadata"]["name"]]


@contextmanager
def site(api_server: ApiServer, folder: Path) -> Iterator[Site]:
    """A site until the end of the block."""
    with ExitStack() as stack:
        yield Site(api_server, api_server.namespace("pipelines"), api_server.namespace("kafka"), folder, stack)
    # pytest shows this when the test failed.
    for log in sorted(folder.glob("operator-*.log")):
        print(log.name, *log.read_text(errors="replace").splitlines()[-LOG_LINES:], sep="\n")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
