"""The Kafka `events` of the samples, in a cluster without Strimzi's operators.

The broker is that of k8s/kafka/plain, with TLS where Strimzi has it, and the Kafka resource that of k8s/kafka/strimzi.
The stand-in of tests/support/strimzi acts as Strimzi: it publishes the broker's addresses and reconciles KafkaTopics
and KafkaUsers.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import kubernetes
import yaml

from kind.settings import CHECKOUT
from tests.support.kube.api import Api, Manifest
from tests.support.on_kind import kubectl
from tests.support.strimzi.crds import strimzi_crds
from tests.support.strimzi.image import stand_in_image
from tests.support.strimzi.kafka_resource import KafkaListener, report_kafka
from tests.support.strimzi.users.certificate_authority import CertificateAuthority

if TYPE_CHECKING:
    from pathlib import Path

    from kind.cluster import Cluster
    from kind.images import Image

NAMESPACE = "kafka"
CLUSTER = "events"
_HOST = "kafka.kafka.svc"
_TLS_SECRET = "kafka-tls"
_TLS_FOLDER = "/etc/kafka-tls"
_STAND_IN = CHECKOUT / "tests/support/strimzi"
_TLS_PROPERTIES = f"""
listener.name.scram.ssl.keystore.type=PEM
listener.name.scram.ssl.keystore.location={_TLS_FOLDER}/keystore.pem
"""


def build_stand_in(cluster: Cluster, operator: Image) -> Image:
    """The image of the stand-in."""
    return stand_in_image(cluster.engine, operator)


def install(cluster: Cluster) -> None:
    """Install everything for pipelines on the Kafka `events`. The image of the stand-in must be in the cluster."""
    crds = yaml.safe_dump_all(strimzi_crds())
    cluster.run_kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=crds)
    for crd in strimzi_crds():
        kubectl.wait(cluster, f"crd/{crd['metadata']['name']}", "condition=Established")
    authority = _broker_certificate(cluster)
    _apply(cluster, [_with_tls(manifest) for manifest in _manifests(cluster, CHECKOUT / "k8s/kafka/plain")])
    cluster.run_kubectl("apply", "-k", CHECKOUT / "k8s/kafka/strimzi")
    listener = KafkaListener("scram", f"{_HOST}:9094", tls=True, authentication="scram-sha-512")
    report_kafka(_api(cluster.kubeconfig), NAMESPACE, CLUSTER, [listener], authority)
    for file in ("role.yaml", "deployment.yaml"):
        cluster.run_kubectl("apply", "-n", NAMESPACE, "-f", _STAND_IN / file)
    kubectl.rolled_out(cluster, "statefulset/kafka", NAMESPACE)
    kubectl.rolled_out(cluster, "deployment/strimzi-stand-in", NAMESPACE)


def _broker_certificate(cluster: Cluster) -> str:
    """The CA (PEM) of the broker's certificate, which is created unless an earlier run has left one."""
    secret = kubectl.get(cluster, "secret", _TLS_SECRET, "-n", NAMESPACE)
    if not secret:
        authority = CertificateAuthority.create("cluster-ca")
        issued = authority.issue(_HOST, host_names=(_HOST,))
        files = {"ca.crt": authority.certificate, "keystore.pem": issued.key + issued.certificate}
        secret = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": _TLS_SECRET, "namespace": NAMESPACE},
            "data": {name: base64.b64encode(content).decode() for name, content in files.items()},
        }
        _apply(cluster, [secret])
    return base64.b64decode(secret["data"]["ca.crt"]).decode()


def _with_tls(manifest: Manifest) -> Manifest:
    """The broker with TLS on the listener for users, and with Strimzi's labels."""
    match manifest["kind"]:
        case "ConfigMap":
            properties = manifest["data"]["server.properties"].replace("SCRAM:SASL_PLAINTEXT", "SCRAM:SASL_SSL")
            manifest["data"]["server.properties"] = properties + _TLS_PROPERTIES
        case "StatefulSet":
            template = manifest["spec"]["template"]
            template["metadata"]["labels"] |= {"strimzi.io/cluster": CLUSTER, "strimzi.io/kind": "Kafka"}
            template["spec"]["volumes"].append({"name": "tls", "secret": {"secretName": _TLS_SECRET}})
            mounts: list[dict[str, Any]] = template["spec"]["containers"][0]["volumeMounts"]
            mounts.append({"name": "tls", "mountPath": _TLS_FOLDER, "readOnly": True})
    return manifest


def _manifests(cluster: Cluster, folder: Path) -> list[Manifest]:
    return [manifest for manifest in yaml.safe_load_all(cluster.run_kubectl("kustomize", folder)) if manifest]


def _apply(cluster: Cluster, manifests: list[Manifest]) -> None:
    cluster.run_kubectl("apply", "-f", "-", stdin=yaml.safe_dump_all(manifests))


def _api(kubeconfig: Path) -> Api:
    configuration = kubernetes.client.Configuration()
    kubernetes.config.load_kube_config(str(kubeconfig), client_configuration=configuration)
    return Api(configuration)
