"""Where the ingestion service is, at a URL or in a Kubernetes cluster, and the token for it."""

from dataclasses import dataclass

from darkroom_cli.client.tokens import TokenSource

AUDIENCE = "darkroom"
"""The audience of tokens, unless the service is configured otherwise."""


@dataclass(frozen=True)
class UrlTarget:
    """The service at a URL.

    Attributes:
        url: the URL.
        tokens: the source of tokens; None if the service needs none.
        insecure: whether a token may be sent unencrypted to another machine.
    """

    url: str
    tokens: TokenSource | None = None
    insecure: bool = False


@dataclass(frozen=True)
class ServiceAccount:
    """A service account to make tokens for. Without a namespace, that of the pipelines, else of the context."""

    name: str
    namespace: str | None = None
    audience: str = AUDIENCE


@dataclass(frozen=True)
class ClusterTarget:
    """The service in the cluster of a kubeconfig's context.

    Attributes:
        context: None for the current one.
        namespace: of the pipelines to use; None for all.
        service_namespace: of the service; None if it is searched in all.
        credential: a source of tokens, or the service account that they are made for; None if the service needs none.
    """

    context: str | None = None
    namespace: str | None = None
    service_namespace: str | None = None
    credential: TokenSource | ServiceAccount | None = None


Target = UrlTarget | ClusterTarget
