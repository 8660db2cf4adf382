"""The connection to the Kafka cluster that a pipeline names."""

from collections.abc import Callable, Mapping

from darkroom.api.pipeline import ClusterRef, ImagePipeline, Kafka
from darkroom.errors import DarkroomError
from darkroom.kafka.connection import KafkaConnection
from darkroom.kafka.consent import ALLOWED_NAMESPACES, consent
from darkroom.kafka.strimzi import Listener, choose_listener, cluster_ca_secret
from darkroom_ingestion.catalog.cluster.api_server import Object
from darkroom_ingestion.catalog.cluster.credentials import (
    CA,
    CERTIFICATE,
    PASSWORD,
    PRIVATE_KEY,
    Content,
    KafkaCredentials,
    StrimziUser,
    other_connection,
    strimzi_connection,
)
from darkroom_ingestion.catalog.cluster.secrets import KnownSecret

_NEEDED = {"scram-sha-512": (PASSWORD,), "tls": (CERTIFICATE, PRIVATE_KEY)}


class KafkaNotKnown(DarkroomError):
    """A pipeline's Kafka can't be connected to yet; the message says what is missing."""


class Kafkas:
    """The connections to all Kafka clusters that pipelines may name.

    Args:
        secrets: by `namespace/name`, the Secrets of the clusters and users in `credentials`.
    """

    def __init__(self, credentials: KafkaCredentials, secrets: Mapping[str, KnownSecret]) -> None:
        self._credentials = credentials
        self._secrets = secrets

    def with_resources(self, strimzi: Mapping[str, Object]) -> Callable[[ImagePipeline], KafkaConnection]:
        """A function that returns a pipeline's connection; `strimzi` has the Kafka resources by `namespace/name`.

        The function raises KafkaNotKnown if something is missing. It resolves every Kafka once, for all its pipelines.
        """
        found: dict[tuple[str, Kafka], KafkaConnection] = {}

        def connect(pipeline: ImagePipeline) -> KafkaConnection:
            which = (pipeline.namespace, pipeline.spec.kafka)
            if which not in found:
                found[which] = self._connection(pipeline, strimzi)
            return found[which]

        return connect

    def _connection(self, pipeline: ImagePipeline, strimzi: Mapping[str, Object]) -> KafkaConnection:
        kafka = pipeline.spec.kafka
        if kafka.cluster is not None:
            return self._strimzi(kafka.cluster, pipeline.namespace, strimzi)
        return self._other(kafka)

    def _strimzi(self, cluster: ClusterRef, of: str, strimzi: Mapping[str, Object]) -> KafkaConnection:
        """The connection for the pipelines of the namespace `of`."""
        namespace = cluster.namespace or of
        name = f"{namespace}/{cluster.name}"
        live = strimzi.get(name)
        if live is None:
            raise KafkaNotKnown(f"there is no Kafka {name}: create it")
        # Without the annotation, pipelines from before it was needed are served: only the operator can tell them apart.
        if consent(live, of) == "Refused":
            raise KafkaNotKnown(
                f"Kafka {name} does not allow pipelines of namespace {of}: "
                f"add the namespace to its annotation {ALLOWED_NAMESPACES}"
            )
        listener = choose_listener(live)
        if listener is None:
            raise KafkaNotKnown(f"Kafka {name} has no address of a supported listener in its status")
        user = self._credentials.cluster(namespace, cluster.name)
        if user is None:
            if listener.tls or listener.authentication:
                raise KafkaNotKnown(
                    f"Kafka {name} requires encryption or credentials, and the ingestion service has none: "
                    f"add {{name: {cluster.name}, namespace: {namespace}}} to ingestion.kafka.clusters of the chart"
                )
            return KafkaConnection(bootstrap_servers=listener.bootstrap_servers)
        return self._as_user(user, listener)

    def _as_user(self, user: StrimziUser, listener: Listener) -> KafkaConnection:
        ca: Content = {}
        secret: Content = {}
        if listener.tls:
            ca = self._content(user.namespace, cluster_ca_secret(user.name), (CA,))
        if listener.authentication is not None:
            secret = self._content(user.namespace, user.secret_name, _NEEDED[listener.authentication])
        try:
            return strimzi_connection(listener, user.user, ca, secret)
        except ValueError as error:
            raise KafkaNotKnown(f"the credentials of {user.user} can't be used: {error}") from error

    def _content(self, namespace: str, name: str, needed: tuple[str, ...]) -> Content:
        secret = self._secrets[f"{namespace}/{name}"]
        if not secret.content:
            raise KafkaNotKnown(f"Secret {secret.name} can't be read: {secret.problem or 'it is empty'}")
        if absent := [key for key in needed if key not in secret.content]:
            raise KafkaNotKnown(f"Secret {secret.name} has no key {', '.join(absent)}")
        return {key: secret.content[key] for key in needed}

    def _other(self, kafka: Kafka) -> KafkaConnection:
        servers = kafka.bootstrap_servers or ""
        ours = self._credentials.other(servers)
        if ours is not None:
            try:
                return other_connection(ours)
            except (OSError, ValueError) as error:
                raise KafkaNotKnown(f"the service's credentials for {servers} can't be read: {error}") from error
        # The Secrets that a pipeline names are for its workers; the service has no access to them.
        if kafka.authentication is not None or kafka.tls is not None:
            raise KafkaNotKnown(
                f"the Kafka at {servers} requires encryption or credentials, and the ingestion service has none: "
                f'add {{bootstrapServers: "{servers}", …}} to ingestion.kafka.others of the chart'
            )
        return KafkaConnection(bootstrap_servers=servers)
