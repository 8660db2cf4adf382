"""A throw-away Kubernetes control plane: etcd, kube-apiserver and kube-controller-manager on 127.0.0.1.

There is no scheduler and no kubelet, so Pods stay Pending unless a `FakeKubelet` binds them. Everything else is real:
validation, CEL rules, RBAC, Pod Security admission, garbage collection, roll-outs, quotas.
"""

import json
import secrets
import shutil
import ssl
import time
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from urllib3.exceptions import HTTPError

from darkroom_cli.processes.ports import HOST, Reservation
from tests.support.kube.access import Access
from tests.support.kube.api import Api, Manifest
from tests.support.kube.api_server import ApiServer
from tests.support.kube.audit import POLICY, AuditLog
from tests.support.kube.child_process import POLL_S, ChildProcess
from tests.support.kube.tools import KubernetesPrograms

READY_TIMEOUT_S = 120.0
# Without controllers that need nodes: node-lifecycle would remove the fake kubelet's node, which has no heartbeats.
CONTROLLERS = (
    "clusterrole-aggregation-controller", "cronjob-controller", "daemonset-controller", "deployment-controller",
    "disruption-controller", "endpoints-controller", "endpointslice-controller", "garbage-collector-controller",
    "job-controller", "namespace-controller", "replicaset-controller", "resourcequota-controller",
    "root-ca-certificate-publisher-controller", "serviceaccount-controller", "serviceaccount-token-controller",
    "statefulset-controller",
)  # fmt: skip


class ControlPlane:
    """A cluster with its files in `folder`."""

    def __init__(self, folder: Path, programs: KubernetesPrograms) -> None:
        self._folder = folder
        self._programs = programs
        self._admin_token, self._controllers_token = secrets.token_hex(16), secrets.token_hex(16)
        self._ports = {name: Reservation() for name in ("etcd", "etcd peer", "kube-apiserver")}
        self._etcd: ChildProcess | None = None
        self._api_server: ChildProcess | None = None
        self._controllers: ChildProcess | None = None

    @property
    def _audit_log(self) -> Path:
        return self._folder / "audit.log"

    @property
    def _etcd_url(self) -> str:
        return f"http://{HOST}:{self._ports['etcd'].port}"

    @property
    def admin(self) -> Access:
        """Access with all rights."""
        return self._access(self._admin_token)

    def start(self, crds: Sequence[Manifest] = ()) -> None:
        """Start everything and wait until it is ready.

        `crds` are installed before the controllers start: the garbage collector looks for new kinds only every 30 s,
        and until then does not delete objects that objects of such a kind own.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        self._write_files()
        self._start_etcd()
        self.start_api_server()
        self._install(crds)
        self._start_controllers()

    @property
    def server(self) -> ApiServer:
        """The API server for tests."""
        return ApiServer(self.admin, AuditLog(self._audit_log), self._folder, self._programs.kubectl)

    def stop(self) -> None:
        """Kill everything and discard the data, which is no longer needed."""
        for process in (self._controllers, self._api_server, self._etcd):
            if process is not None:
                process.kill()
        for port in self._ports.values():
            port.release()
        shutil.rmtree(self._folder / "etcd", ignore_errors=True)

    def start_api_server(self) -> None:
        """Start kube-apiserver at its former address, and wait until it is ready."""
        files = self._folder
        arguments = [
            f"--etcd-servers={self._etcd_url}", f"--secure-port={self._ports['kube-apiserver'].port}",
            f"--bind-address={HOST}", f"--advertise-address={HOST}", "--endpoint-reconciler-type=none",
            f"--cert-dir={files / 'certificates'}",
            "--service-cluster-ip-range=10.0.0.0/16", "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={files / 'sa.key'}", f"--service-account-signing-key-file={files / 'sa.key'}",
            "--authorization-mode=RBAC", f"--token-auth-file={files / 'tokens.csv'}",
            f"--audit-policy-file={files / 'audit-policy.json'}", f"--audit-log-path={self._audit_log}",
            "--audit-log-maxsize=100000", "--profiling=false",
        ]  # fmt: skip
        process = ChildProcess([self._programs.kube_apiserver, *arguments], files / "kube-apiserver.log")
        self._api_server = process
        process.wait_until(self._api_server_is_ready, READY_TIMEOUT_S)

    def stop_api_server(self) -> None:
        """Kill kube-apiserver, to simulate a crash: connections break, etcd and the controllers keep running."""
        if self._api_server is not None:
            self._api_server.kill()

    def restart_api_server(self) -> None:
        """Restart kube-apiserver."""
        self.stop_api_server()
        self.start_api_server()

    def _start_etcd(self) -> None:
        peer_url = f"http://{HOST}:{self._ports['etcd peer'].port}"
        arguments = [
            f"--data-dir={self._folder / 'etcd'}", "--unsafe-no-fsync", "--log-level=warn", "--name=test",
            f"--listen-client-urls={self._etcd_url}", f"--advertise-client-urls={self._etcd_url}",
            f"--listen-peer-urls={peer_url}", f"--initial-advertise-peer-urls={peer_url}",
            f"--initial-cluster=test={peer_url}", f"--quota-backend-bytes={4 * 2**30}",
        ]  # fmt: skip
        # kube-apiserver waits for etcd.
        self._etcd = ChildProcess([self._programs.etcd, *arguments], self._folder / "etcd.log")

    def _start_controllers(self) -> None:
        kubeconfig = self._access(self._controllers_token).write_kubeconfig(self._folder / "controllers.kubeconfig")
        arguments = [
            f"--kubeconfig={kubeconfig}", f"--controllers={','.join(CONTROLLERS)}", "--leader-elect=false",
            f"--service-account-private-key-file={self._folder / 'sa.key'}", "--secure-port=0",
            f"--root-ca-file={self._certificate}", "--kube-api-qps=500", "--kube-api-burst=1000", "--profiling=false",
        ]  # fmt: skip
        program = self._programs.kube_controller_manager
        self._controllers = ChildProcess([program, *arguments], self._folder / "kube-controller-manager.log")
        default_account = "/api/v1/namespaces/default/serviceaccounts/default"
        api = self.admin.api()
        self._controllers.wait_until(lambda: api.find(default_account) is not None, READY_TIMEOUT_S)

    def _write_files(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        (self._folder / "sa.key").write_bytes(pem)
        (self._folder / "tokens.csv").write_text(
            f'{self._admin_token},admin,1,"system:masters"\n'
            f'{self._controllers_token},system:kube-controller-manager,2,"system:masters"\n'
        )
        (self._folder / "audit-policy.json").write_text(json.dumps(POLICY))

    @property
    def _certificate(self) -> Path:
        """kube-apiserver's self-signed certificate."""
        return self._folder / "certificates" / "apiserver.crt"

    def _access(self, token: str) -> Access:
        return Access(
            server=f"https://{HOST}:{self._ports['kube-apiserver'].port}", token=token, ca=self._certificate.read_text()
        )

    def _api_server_is_ready(self) -> bool:
        try:
            return self.admin.api().ok("/readyz")
        except (FileNotFoundError, ssl.SSLError, HTTPError):
            return False

    def _install(self, crds: Sequence[Manifest]) -> None:
        api = self.admin.api()
        path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        for crd in crds:
            api.apply(f"{path}/{crd['metadata']['name']}", crd)
        deadline = time.monotonic() + READY_TIMEOUT_S
        while missing := [crd["metadata"]["name"] for crd in crds if not _served(api, crd)]:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{', '.join(missing)}: not served after {READY_TIMEOUT_S:.0f} s")
            time.sleep(POLL_S)


def _served(api: Api, crd: Manifest) -> bool:
    spec = crd["spec"]
    stored = next(version["name"] for version in spec["versions"] if version["storage"])
    found = api.find(f"/apis/{spec['group']}/{stored}") or {"resources": []}
    return any(resource["name"] == spec["names"]["plural"] for resource in found["resources"])
