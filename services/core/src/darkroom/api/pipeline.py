"""The ImagePipeline custom resource. Its field descriptions are those of `kubectl explain` and the reference page."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema
from pydantic.alias_generators import to_camel

from darkroom import names
from darkroom.api.autoscaling import Autoscaling
from darkroom.api.environment import MAX_VARIABLES, Variable
from darkroom.api.execution import Execution
from darkroom.api.input import Input
from darkroom.api.output import Output
from darkroom.api.quantities import QUANTITY_PATTERN
from darkroom.api.self_test import MAX_SELF_TESTS, SelfTest
from darkroom.api.status import Status
from darkroom.api.topics import DeadLetters, Images, Results
from darkroom.api.uris import URI_FORMS, URI_PATTERN
from darkroom.schema import StrictModel

Quantity = Annotated[
    str | int | float, WithJsonSchema({"x-kubernetes-int-or-string": True, "pattern": QUANTITY_PATTERN})
]

Mode = Literal["Ordered", "Queue"]


class ClusterRef(StrictModel):
    """A Kafka resource managed by Strimzi."""

    name: str = Field(min_length=1, max_length=253, description="Name of the Kafka resource.")
    namespace: str | None = Field(
        None, description="Namespace of the Kafka resource. Defaults to the pipeline's namespace."
    )


class SecretRef(StrictModel):
    """A Secret in the pipeline's namespace."""

    name: str = Field(min_length=1, max_length=253, description="Name of the Secret.")


class SecretKeyRef(StrictModel):
    """One key of a Secret in the pipeline's namespace."""

    name: str = Field(min_length=1, max_length=253, description="Name of the Secret.")
    key: str = Field("ca.crt", min_length=1, description="Key in the Secret.")


class Tls(StrictModel):
    """TLS between Darkroom and the brokers."""

    ca_secret: SecretKeyRef | None = Field(
        None, description="CA certificate (PEM) to trust. Defaults to the system's trust store."
    )


class Authentication(StrictModel):
    """How Darkroom authenticates to a Kafka cluster that Strimzi does not manage."""

    type: Literal["ScramSha512", "Tls"] = Field(
        description="ScramSha512 (user name and password) or Tls (client certificate)."
    )
    secret: SecretRef = Field(
        description="Secret with the credentials. ScramSha512 reads the keys `username` and `password`; "
        "Tls reads `user.crt` and `user.key`."
    )


class Kafka(StrictModel):
    """The Kafka cluster that holds the topics: one managed by Strimzi, or any other."""

    cluster: ClusterRef | None = Field(
        None, description="A cluster managed by Strimzi. Darkroom creates KafkaTopic and KafkaUser resources for it."
    )
    bootstrap_servers: str | None = Field(
        None,
        min_length=3,
        description="Any other cluster, as host:port[,host:port...]. Darkroom creates topics through the Admin API.",
    )
    tls: Tls | None = Field(None, description="Encrypt the connection. Only with bootstrapServers.")
    authentication: Authentication | None = Field(None, description="Client credentials. Only with bootstrapServers.")


class ModelSource(StrictModel):
    """Location of the ONNX file."""

    uri: str = Field(pattern=URI_PATTERN, description=f"Location of the file: {URI_FORMS}.")
    sha256: str | None = Field(
        None, pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the ONNX file. The worker refuses a file that differs."
    )
    secret: SecretRef | None = Field(
        None, description="Credentials for s3, gs, hf and oci. Its keys become environment variables of the worker."
    )


class Resources(StrictModel):
    """Compute resources of each worker, as in a container spec."""

    requests: dict[str, Quantity] = Field(default_factory=dict, description="Resources reserved for each worker.")
    limits: dict[str, Quantity] = Field(
        default_factory=dict,
        max_length=64,
        description="Resources that each worker may use. The CPU limit sets how many loops it runs in parallel. "
        "With nvidia.com/gpu, workers run the GPU build of the worker image.",
    )

    @property
    def has_gpu(self) -> bool:
        """Whether each worker gets an NVIDIA GPU, or a part of one (`nvidia.com/mig-1g.5gb`)."""
        return any(name.startswith("nvidia.com/") for name in self.limits)


class Template(StrictModel):
    """Pod settings of the stage's workers."""

    node_selector: dict[str, str] = Field(
        default_factory=dict, description="Labels of the nodes that workers may run on."
    )
    tolerations: list[dict[str, Any]] = Field(
        default_factory=list, description="Taints of nodes that workers tolerate, as in a pod spec."
    )
    affinity: dict[str, Any] = Field(
        default_factory=dict, description="Nodes and pods that workers prefer or avoid, as in a pod spec."
    )
    priority_class_name: str | None = Field(None, description="Name of the PriorityClass of the workers.")
    runtime_class_name: str | None = Field(None, description="Name of the RuntimeClass that runs the workers.")
    env: list[Variable] = Field(
        default_factory=list,
        max_length=MAX_VARIABLES,
        description="Environment variables: values, and references to objects of the pipeline's namespace. Variables "
        "that load code are refused.",
    )
    image_pull_secrets: list[SecretRef] = Field(
        default_factory=list, description="Secrets with the credentials of the registry of the worker image."
    )
    termination_grace_period_seconds: int = Field(
        60, ge=1, le=3_600, description="Seconds that a stopping worker has to finish the images it is working on."
    )


class Stage(StrictModel):
    """One AI model that reads every image and publishes its own results."""

    name: str = Field(
        min_length=1,
        max_length=names.NAME_MAX_LENGTH,
        pattern=names.DNS_LABEL_PATTERN,
        description="Name of the stage: a DNS label of at most 40 characters, unique in the pipeline.",
    )
    model: ModelSource = Field(description="The ONNX model of the stage.")
    input: Input = Field(default_factory=Input, description="How an image becomes the model's input.")
    output: Output = Field(description="How to read the model's output.")
    execution: Execution = Field(
        default_factory=Execution, description="The hardware, precision and batch size with which the model runs."
    )
    self_test: list[SelfTest] = Field(
        default_factory=list,
        max_length=MAX_SELF_TESTS,
        description="Images with their expected results. A worker whose results differ takes no images.",
    )
    delivery: Literal["AtLeastOnce", "ExactlyOnce"] = Field(
        "AtLeastOnce",
        description="Delivery guarantee. ExactlyOnce publishes results and commits offsets in one transaction.",
    )
    mode: Mode = Field(
        "Ordered",
        description="How workers share the images. Ordered: each partition is read by one worker, in order. Queue "
        "(preview): any worker takes any image, through a Kafka share group, so that there can be more workers than "
        "partitions; there is no order. Queue requires Kafka 4.2 with the feature share.version 1.",
    )
    max_attempts: int = Field(
        3, ge=1, le=100, description="Attempts for an image that crashes its worker, before it becomes a dead letter."
    )
    replicas: int | None = Field(None, ge=0, le=10_000, description="Number of workers. Defaults to spec.replicas.")
    autoscaling: Autoscaling | None = Field(
        None, description="Let the number of workers follow the rate of images and the lag, instead of replicas."
    )
    resources: Resources = Field(default_factory=Resources, description="Compute resources of each worker.")
    template: Template = Field(default_factory=Template, description="Pod settings of the workers.")
    results: Results = Field(default_factory=Results, description="The stage's results topic.")
    dead_letters: DeadLetters = Field(default_factory=DeadLetters, description="The stage's dead letters topic.")


class PipelineSpec(StrictModel):
    """The desired state of the pipeline."""

    kafka: Kafka = Field(description="The Kafka cluster that holds the topics.")
    images: Images = Field(default_factory=Images, description="The topic that images are published to.")
    replicas: int = Field(1, ge=0, le=10_000, description="Number of workers of each stage that does not set its own.")
    stages: list[Stage] = Field(
        min_length=1,
        max_length=16,
        description="The AI models. Each stage analyses every image.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
    )
    deletion_policy: Literal["Retain", "Delete"] = Field(
        "Retain", description="Whether the topics are kept or deleted when the pipeline is deleted."
    )
    suspend: bool = Field(False, description="Stop the workers. Topics and their images are kept.")


class Metadata(BaseModel):
    """The part of Kubernetes' ObjectMeta that Darkroom reads."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="allow", frozen=True)

    name: str = Field(min_length=1, max_length=names.NAME_MAX_LENGTH, pattern=names.DNS_LABEL_PATTERN)
    namespace: str = Field("default", max_length=names.NAMESPACE_MAX_LENGTH, pattern=names.DNS_LABEL_PATTERN)
    uid: str = ""
    generation: int = 0
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)


class ImagePipeline(StrictModel):
    """A stream of images, and the AI models that analyse it."""

    api_version: Literal["darkroom.dev/v1alpha1"]
    kind: Literal["ImagePipeline"]
    metadata: Metadata
    spec: PipelineSpec
    status: Status | None = None

    @property
    def namespace(self) -> str:
        """The pipeline's namespace."""
        return self.metadata.namespace

    @property
    def name(self) -> str:
        """The pipeline's name."""
        return self.metadata.name

    def replicas_of(self, stage: Stage) -> int:
        """Number of workers that `stage` asks for, ignoring `suspend`; with autoscaling, at the start."""
        if stage.autoscaling is not None and not stage.autoscaling.metrics_only:
            return stage.autoscaling.min
        return self.spec.replicas if stage.replicas is None else stage.replicas
