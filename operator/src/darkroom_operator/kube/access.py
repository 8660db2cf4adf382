"""Where the API server is and who we are, told to each of the three clients in its own way."""

import os
from pathlib import Path

import kopf
import pykube
from kubernetes.client import Configuration
from kubernetes.config import incluster_config, kube_config

from darkroom.errors import DarkroomError

IN_CLUSTER_TOKEN = Path(incluster_config.SERVICE_TOKEN_FILENAME)
CONNECTIONS = 16


class NoCluster(DarkroomError):
    """Neither a kubeconfig nor a pod's service account is there."""


class Access:
    """A kubeconfig file, or the service account of the pod that we run in when `kubeconfig` is None."""

    def __init__(self, kubeconfig: Path | None) -> None:
        self._kubeconfig = kubeconfig

    @classmethod
    def find(cls, kubeconfig: str | None) -> "Access":
        """The kubeconfig that is named, else the pod's own service account, else the kubeconfig of the user.

        Raises:
            NoCluster: there is none of them.
        """
        if kubeconfig is None and IN_CLUSTER_TOKEN.exists() and os.environ.get("KUBERNETES_SERVICE_HOST"):
            return cls(None)
        path = Path(kubeconfig or os.environ.get("KUBECONFIG") or "~/.kube/config").expanduser()
        if not path.is_file():
            raise NoCluster(f"no cluster to work for: not in a pod, and there is no kubeconfig at {path}")
        return cls(path)

    def for_kubernetes(self) -> Configuration:
        """For the `kubernetes` package; it reads a renewed token of the pod by itself."""
        configuration = Configuration()
        if self._kubeconfig is None:
            incluster_config.load_incluster_config(client_configuration=configuration)
        else:
            kube_config.load_kube_config(str(self._kubeconfig), client_configuration=configuration)
        configuration.connection_pool_maxsize = CONNECTIONS
        # Whether and when to try again is the work queue's to decide.
        configuration.retries = False
        return configuration

    def for_pykube(self) -> pykube.KubeConfig:
        """For pykube; it reads the token once, so its clients have to be made anew from time to time."""
        if self._kubeconfig is None:
            return pykube.KubeConfig.from_service_account()
        return pykube.KubeConfig.from_file(str(self._kubeconfig))

    def for_kopf(self) -> kopf.ConnectionInfo:
        """For kopf; it asks again when a token is refused."""
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
