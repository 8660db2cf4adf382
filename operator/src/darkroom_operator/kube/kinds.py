"""The kinds of objects that the operator reads and writes, and which of them it watches."""

from dataclasses import dataclass

from darkroom import names

MANAGED = names.LABEL_PIPELINE
"""Label selector of the objects that the operator manages; other objects are not cached."""


@dataclass(frozen=True)
class Kind:
    """A kind of object.

    Attributes:
        optional: whether its CRD may be missing.
        selector: label selector of the objects that are watched.
    """

    name: str
    group: str
    version: str
    plural: str
    optional: bool = False
    selector: str = ""

    @property
    def api_version(self) -> str:
        """The `apiVersion` of a manifest."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str | None, name: str = "", subresource: str = "") -> str:
        """The path of an object; of a collection without `name`; of all namespaces without `namespace`."""
        parts = ["/apis", self.group, self.version] if self.group else ["/api", self.version]
        if namespace is not None:
            parts += ["namespaces", namespace]
        return "/".join(part for part in (*parts, self.plural, name, subresource) if part)

    def __str__(self) -> str:
        return self.name


IMAGE_PIPELINE = Kind(names.KIND, names.GROUP, names.VERSION, names.PLURAL)

KAFKA = Kind("Kafka", "kafka.strimzi.io", "v1", "kafkas", optional=True)
KAFKA_TOPIC = Kind("KafkaTopic", "kafka.strimzi.io", "v1", "kafkatopics", optional=True, selector=MANAGED)
KAFKA_USER = Kind("KafkaUser", "kafka.strimzi.io", "v1", "kafkausers", optional=True, selector=MANAGED)

DEPLOYMENT = Kind("Deployment", "apps", "v1", "deployments", selector=MANAGED)
CONFIG_MAP = Kind("ConfigMap", "", "v1", "configmaps", selector=MANAGED)
SECRET = Kind("Secret", "", "v1", "secrets", selector=MANAGED)
SERVICE_ACCOUNT = Kind("ServiceAccount", "", "v1", "serviceaccounts", selector=MANAGED)
DISRUPTION_BUDGET = Kind("PodDisruptionBudget", "policy", "v1", "poddisruptionbudgets", selector=MANAGED)
NETWORK_POLICY = Kind("NetworkPolicy", "networking.k8s.io", "v1", "networkpolicies", selector=MANAGED)
POD_MONITOR = Kind("PodMonitor", "monitoring.coreos.com", "v1", "podmonitors", optional=True, selector=MANAGED)
SCALED_OBJECT = Kind("ScaledObject", "keda.sh", "v1alpha1", "scaledobjects", optional=True, selector=MANAGED)
TRIGGER_AUTHENTICATION = Kind(
    "TriggerAuthentication", "keda.sh", "v1alpha1", "triggerauthentications", optional=True, selector=MANAGED
)
POD = Kind("Pod", "", "v1", "pods", selector=MANAGED)

NAMESPACE = Kind("Namespace", "", "v1", "namespaces")
EVENT = Kind("Event", "events.k8s.io", "v1", "events")
LEASE = Kind("Lease", "coordination.k8s.io", "v1", "leases")

STRIMZI = (KAFKA_TOPIC, KAFKA_USER, KAFKA)
KEDA = (SCALED_OBJECT, TRIGGER_AUTHENTICATION)
OPTIONAL = (*STRIMZI, POD_MONITOR, *KEDA)
STAGE_CHILDREN = (
    *KEDA, DEPLOYMENT, CONFIG_MAP, SECRET, SERVICE_ACCOUNT, DISRUPTION_BUDGET, NETWORK_POLICY, POD_MONITOR,
)  # fmt: skip
"""The kinds of objects that a stage has in the pipeline's namespace: what scales its workers first, then these."""

WATCHED = (IMAGE_PIPELINE, *STRIMZI, *STAGE_CHILDREN, POD)
"""The kinds that are watched and cached, the pipelines first."""
