"""The ingestion service in a Kubernetes cluster: found by its labels, connected by port-forward."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import httpcore
import kubernetes.client  # CoreV1Api takes half a second to import, which happens when it is used
from kubernetes.client.exceptions import ApiException
from kubernetes.config import kube_config
from kubernetes.stream import portforward
from urllib3.exceptions import HTTPError
from websocket import WebSocketBadStatusException

from darkroom_cli.client.service import Route, Service
from darkroom_cli.client.target import ClusterTarget, ServiceAccount
from darkroom_cli.client.tokens import TokenSource
from darkroom_cli.cluster.kubeconfig import REQUEST_TIMEOUT_S, NotAllowed, api_client, problem_of
from darkroom_cli.cluster.pod_connection import PodTransport
from darkroom_cli.cluster.service_account import ServiceAccountTokens
from darkroom_cli.exit_codes import InvalidInput, Unreachable

_LABELS = "app.kubernetes.io/part-of=darkroom,app.kubernetes.io/component=ingestion"
_PORT_NAMES = {"http": False, "https": True}
_FORBIDDEN = 403
_USUAL_NAMESPACE = "darkroom"
_WHERE = "give the namespace of the ingestion service with --service-namespace"


@dataclass(frozen=True)
class IngestionPod:
    """A ready pod of an ingestion service, the port of its HTTP API, and whether it speaks TLS there."""

    namespace: str
    name: str
    port: int = 8080
    tls: bool = False


@contextmanager
def ingestion_service(target: ClusterTarget, connections: int) -> Iterator[Service]:
    """A client of the ingestion service of a cluster, until the end of the block.

    Needs the right to list pods in the service's namespace (in all namespaces, unless it is given, or is that of the
    pipelines, of the context, or `darkroom`), and to get and create pods/portforward in it.

    Raises:
        InvalidInput: the kubeconfig is invalid, or several services match.
        NotAllowed: the user may not list pods.
        Unreachable: the API server does not respond, or no service runs.
    """
    with api_client(target.context) as client:
        pod = _choose(_pods(client, target), target)
        route = Route(
            f"pod {pod.name} in namespace {pod.namespace}",
            PodTransport(lambda: _open(client, pod), connections),
            f"`kubectl logs -n {pod.namespace} {pod.name}` shows its log",
        )
        # Seen from the pod, the port-forward comes from its own loopback interface.
        url = f"{'https' if pod.tls else 'http'}://127.0.0.1:{pod.port}"
        tokens = _tokens(client, target)
        with Service(url, connections, namespace=target.namespace, route=route, tokens=tokens) as service:
            yield service


def _tokens(client: kubernetes.client.ApiClient, target: ClusterTarget) -> TokenSource | None:
    account = target.credential
    if not isinstance(account, ServiceAccount):
        return account
    namespace = account.namespace or target.namespace or _namespace_of_context(target.context) or "default"
    return ServiceAccountTokens(kubernetes.client.CoreV1Api(client), namespace, account.name, account.audience)


def _pods(client: kubernetes.client.ApiClient, target: ClusterTarget) -> list[IngestionPod]:
    """The ready pods of ingestion services."""
    if target.service_namespace is not None:
        return _list(client, target.service_namespace)
    try:
        return _list(client, None)
    except NotAllowed:
        likely = [target.namespace, _namespace_of_context(target.context), _USUAL_NAMESPACE]
        for namespace in dict.fromkeys(name for name in likely if name):
            with suppress(NotAllowed):
                if found := _list(client, namespace):
                    return found
        raise


def _list(client: kubernetes.client.ApiClient, namespace: str | None) -> list[IngestionPod]:
    core = kubernetes.client.CoreV1Api(client)
    selected: dict[str, Any] = {"label_selector": _LABELS, "_request_timeout": REQUEST_TIMEOUT_S}
    try:
        if namespace is None:
            pods = core.list_pod_for_all_namespaces(**selected).items
        else:
            pods = core.list_namespaced_pod(namespace, **selected).items
    except (ApiException, HTTPError) as error:
        where = "all namespaces" if namespace is None else f"namespace {namespace}"
        raise problem_of(client, error, f"list pods in {where}", _WHERE) from error
    documents: list[dict[str, Any]] = client.sanitize_for_serialization(pods)
    return sorted(map(_pod, filter(_is_ready, documents)), key=lambda pod: (pod.namespace, pod.name))


def _is_ready(pod: Mapping[str, Any]) -> bool:
    conditions = pod.get("status", {}).get("conditions") or []
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def _pod(document: Mapping[str, Any]) -> IngestionPod:
    ports = [port for container in document["spec"]["containers"] for port in container.get("ports") or []]
    where = document["metadata"]["namespace"], document["metadata"]["name"]
    for port in ports:
        if (tls := _PORT_NAMES.get(port.get("name"))) is not None:
            return IngestionPod(*where, int(port["containerPort"]), tls)
    return IngestionPod(*where)


def _choose(pods: list[IngestionPod], target: ClusterTarget) -> IngestionPod:
    """The first pod of the only service, or of the one in the namespace of the pipelines."""
    by_namespace = {pod.namespace: pod for pod in reversed(pods)}
    if target.namespace in by_namespace:
        return by_namespace[target.namespace]
    if len(by_namespace) == 1:
        return pods[0]
    if by_namespace:
        raise InvalidInput(
            "the cluster has several ingestion services: choose one with --service-namespace: "
            + ", ".join(sorted(by_namespace))
        )
    where = "the cluster" if target.service_namespace is None else f"namespace {target.service_namespace}"
    raise Unreachable(
        f"no pod of an ingestion service is ready in {where}: `kubectl get pods -A -l {_LABELS}` shows them; "
        "install Darkroom with its Helm chart if there is none"
    )


def _open(client: kubernetes.client.ApiClient, pod: IngestionPod) -> Any:
    """The socket of a new port-forward to the pod.

    Raises:
        httpcore.ConnectError: the API server refuses it, or does not respond.
    """
    # A client of its own: `portforward` replaces a method of the client while it connects.
    core = kubernetes.client.CoreV1Api(kubernetes.client.ApiClient(client.configuration))
    try:
        forward = portforward(core.connect_get_namespaced_pod_portforward, pod.name, pod.namespace, ports=str(pod.port))
    except ApiException as error:
        cause = error.__context__
        if isinstance(cause, WebSocketBadStatusException) and cause.status_code == _FORBIDDEN:
            raise httpcore.ConnectError(
                f"you may not get and create pods/portforward in namespace {pod.namespace}: ask for these rights"
            ) from error
        raise httpcore.ConnectError(f"port-forward to pod {pod.namespace}/{pod.name}: {cause or error}") from error
    return forward.socket(pod.port)


def _namespace_of_context(context: str | None) -> str | None:
    contexts, active = kube_config.list_kube_config_contexts()
    chosen = next((one for one in contexts if one["name"] == context), active)
    namespace: str | None = chosen["context"].get("namespace")
    return namespace
