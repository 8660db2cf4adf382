"""A stand-in for the port-forward of a kubelet.

Contract, for a real API server that is given this kubelet's Node:

* `GET /portForward/NAMESPACE/POD?ports=PORT` is upgraded to a WebSocket (`v4.channel.k8s.io`). Channel 0 has data and
  channel 1 errors; the first message of each has the port, two bytes, little-endian.
* Data is exchanged with PORT of 127.0.0.1, as if the pod shared the network of this machine. If nothing listens there,
  the error channel says so and the connection is closed.

Source: Kubernetes 1.36, k8s.io/kubelet/pkg/cri/streaming/portforward/websocket.go.
"""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve
from websockets.typing import Subprotocol

from darkroom_cli.processes.ports import HOST
from tests.support.kube.api import Api, Manifest
from tests.support.strimzi.users.certificate_authority import CertificateAuthority

_DATA, _ERROR = b"\x00", b"\x01"


@contextlib.contextmanager
def forwarding_node(api: Api, name: str, folder: Path) -> Iterator[None]:
    """The Node `name`, whose kubelet forwards ports, during the block."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority = CertificateAuthority.create("kubelet")
    issued = authority.issue("kubelet", addresses=(HOST,))
    pem = folder / "kubelet.pem"
    pem.write_bytes(issued.key + issued.certificate)
    tls.load_cert_chain(pem)
    with serve(
        _forward, HOST, 0, ssl=tls, subprotocols=[Subprotocol("v4.channel.k8s.io")], max_size=None, compression=None
    ) as server:
        port = server.socket.getsockname()[1]
        threading.Thread(target=server.serve_forever, name="kubelet", daemon=True).start()
        api.create("/api/v1/nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}})
        status = {
            "addresses": [{"type": "InternalIP", "address": HOST}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
        }
        api.merge(f"/api/v1/nodes/{name}/status", {"status": status})
        try:
            yield
        finally:
            api.delete(f"/api/v1/nodes/{name}")
            server.shutdown()


def ready_pod(
    api: Api, namespace: str, node: str, labels: dict[str, str], port: int, *, port_name: str = "http"
) -> str:
    """Create a ready Pod on `node`, whose container has the port. Returns its name."""
    name = "darkroom-ingestion-0"
    container = {"name": "ingestion", "image": "none", "ports": [{"name": port_name, "containerPort": port}]}
    pod: Manifest = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": labels},
        "spec": {"nodeName": node, "containers": [container]},
    }
    path = f"/api/v1/namespaces/{namespace}/pods"
    api.create(path, pod)
    ready = {"type": "Ready", "status": "True"}
    api.merge(f"{path}/{name}/status", {"status": {"phase": "Running", "conditions": [ready]}})
    return name


def _forward(connection: ServerConnection) -> None:
    assert connection.request is not None
    (port,) = (int(number) for number in parse_qs(urlsplit(connection.request.path).query)["port"])
    for channel in (_DATA, _ERROR):
        connection.send(channel + port.to_bytes(2, "little"))
    try:
        upstream = socket.create_connection((HOST, port))
    except OSError as error:
        connection.send(_ERROR + f"connect to port {port}: {error.strerror}".encode())
        return
    back = threading.Thread(target=_send_back, args=(upstream, connection), daemon=True)
    back.start()
    with upstream, contextlib.suppress(ConnectionClosed, OSError):
        for message in connection:
            assert isinstance(message, bytes)
            upstream.sendall(message[1:])
    back.join()


def _send_back(upstream: socket.socket, connection: ServerConnection) -> None:
    with contextlib.suppress(ConnectionClosed, OSError):
        while data := upstream.recv(65_536):
            connection.send(_DATA + data)
    connection.close()
