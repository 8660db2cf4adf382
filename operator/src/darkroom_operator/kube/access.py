"""The API server's address and the operator's credentials, as settings of the three Kubernetes clients."""

import os
from pathlib import Path

import kopf
import pykube
from kubernetes.client import Configuration
from kubernetes.config import incluster_config, kube_config

from darkroom.errors import DarkroomError
from darkroom_operator.kube.kubeconfig import CredentialFiles, read_kubeconfig

IN_CLUSTER_TOKEN = Path(incluster_config.SERVICE_TOKEN_FILENAME)
CONNECTIONS = 16


class NoCluster(DarkroomError):
    """There is neither a kubeconfig nor a pod's service account."""


class Access:
    """A kubeconfig file or, when `kubeconfig` is None, the service account of the pod that the operator runs in."""

    def __init__(self, kubeconfig: Path | None) -> None:
        self._kubeconfig = kubeconfig
        self._files = CredentialFiles()

    @classmethod
    def find(cls, kubeconfig: str | None) -> "Access":
        """The given kubeconfig, else the pod's service account, else the user's kubeconfig.

        Raises:
            NoCluster: none of them exists.
        """
        if kubeconfig is None and IN_CLUSTER_TOKEN.exists() and os.environ.get("KUBERNETES_SERVICE_HOST"):
            return cls(None)
        path = Path(kubeconfig or os.environ.get("KUBECONFIG") or "~/.kube/config").expanduser()
        if not path.is_file():
            raise NoCluster(
                f"no Kubernetes cluster: the operator does not run in a pod, and there is no kubeconfig at {path}"
            )
        return cls(path)

    def for_kubernetes(self) -> Configuration:
        """Settings of the `kubernetes` package, which rereads rotated service account tokens."""
        configuration = Configuration()
        if self._kubeconfig is None:
            incluster_config.load_incluster_config(client_configuration=configuration)
        else:
            document = read_kubeconfig(self._kubeconfig, self._files)
            folder = str(self._kubeconfig.absolute().parent)
            kube_config.KubeConfigLoader(document, config_base_path=folder).load_and_set(configuration)
        configuration.connection_pool_maxsize = CONNECTIONS
        # The work queue decides on retries.
        configuration.retries = False
        return configuration

    def for_pykube(self) -> pykube.KubeConfig:
        """Settings of pykube, which reads the token once, so its clients must be replaced periodically."""
        if self._kubeconfig is None:
            return pykube.KubeConfig.from_service_account()
        return pykube.KubeConfig(read_kubeconfig(self._kubeconfig, self._files))

    def for_kopf(self) -> kopf.ConnectionInfo:
        """Settings of kopf, which calls this again when a token is refused."""
        configuration = self.for_kubernetes()
        authorization = configuration.get_api_key_with_prefix("authorization", "BearerToken") or ""
        scheme, _, token = authorization.partition(" ")
        return kopf.ConnectionInfo(
            server=configuration.host,
            ca_path=configuration.ssl_ca_cert,
            insecure=not configuration.verify_ssl,
            scheme=scheme.capitalize() or None,
            token=token or None,
            certificate_path=configuration.cert_file,
            private_key_path=configuration.key_file,
        )
