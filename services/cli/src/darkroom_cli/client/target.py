"""Where the ingestion service is: at a URL, or in a Kubernetes cluster."""

from dataclasses import dataclass


@dataclass(frozen=True)
class UrlTarget:
    """The service at a URL."""

    url: str


@dataclass(frozen=True)
class ClusterTarget:
    """The service in the cluster of a kubeconfig's context.

    Attributes:
        context: None for the current one.
        namespace: of the pipelines to use; None for all.
        service_namespace: of the service; None if it is searched in all.
    """

    context: str | None = None
    namespace: str | None = None
    service_namespace: str | None = None


Target = UrlTarget | ClusterTarget
