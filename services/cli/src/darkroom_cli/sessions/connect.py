"""The client of the ingestion service that the options of a command select."""

from collections.abc import Iterator
from contextlib import contextmanager

from darkroom_cli.client.service import Service
from darkroom_cli.client.target import ClusterTarget, Target


@contextmanager
def connected(target: Target, connections: int = 8) -> Iterator[Service]:
    """A client of the service, until the end of the block. In a cluster, it is connected through a port-forward.

    Raises:
        InvalidInput: the URL or the kubeconfig is invalid, or a token would be sent unencrypted.
        Unreachable: the cluster does not respond, or no ingestion service runs in it.
    """
    if not isinstance(target, ClusterTarget):
        with Service(target.url, connections, tokens=target.tokens, insecure=target.insecure) as service:
            yield service
        return
    from darkroom_cli.cluster.ingestion import ingestion_service  # noqa: PLC0415 - it takes half a second to import

    with ingestion_service(target, connections) as service:
        yield service
