"""ImagePipeline, the one resource that a user writes: its spec as pydantic models."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema
from pydantic.alias_generators import to_camel

from darkroom import names
from darkroom.api.quantities import QUANTITY_PATTERN, Duration, Size
from darkroom.api.status import Status

URI_PATTERN = r"^(configmap://[^/]+/.+|pvc://[^/]+/.+|(https|s3|gs)://[^/]+/.+|file:.+)$"
URI_FORMS = "configmap://NAME/KEY, pvc://CLAIM/PATH, https://HOST/PATH, s3://BUCKET/KEY, gs://BUCKET/KEY or file:PATH"

Partitions = Annotated[int, Field(ge=1, le=10_000)]
ReplicationFactor = Annotated[int, Field(ge=1, le=32_767)]
TopicConfig = Annotated[
    dict[str, str | int | float | bool],
    Field(
        description="Other topic configuration, as Kafka names it.",
        # Values of every type pass, as in Kafka's own files; the two that rules look into have a type.
        json_schema_extra={
            "x-kubernetes-preserve-unknown-fields": True,
            "properties": {
                "cleanup.policy": {
                    "type": "string",
                    "maxLength": 64,
                    "description": "What becomes of old records: delete, compact, or compact,delete.",
                },
                "min.insync.replicas": {
                    "x-kubernetes-int-or-string": True,
                    "maxLength": 5,
                    "pattern": "^[0-9]+$",
                    "description": "Brokers that must have a record before it is acknowledged.",
                },
            },
        },
    ),
]
Quantity = Annotated[
    str | int | float, WithJsonSchema({"x-kubernetes-int-or-string": True, "pattern": QUANTITY_PATTERN})
]


class Model(BaseModel):
    """camelCase outside, snake_case inside; unknown fields are refused."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)


class ClusterRef(Model):
    """A Strimzi Kafka resource."""

    name: str = Field(min_length=1, max_length=253, description="Name of the Kafka resource.")
    namespace: str | None = Field(None, description="Its namespace; the pipeline's own when left out.")


class SecretRef(Model):
    """A Secret in the pipeline's namespace."""

    name: str = Field(min_length=1, max_length=253, description="Name of the Secret.")


class SecretKeyRef(Model):
    """One key of a Secret in the pipeline's namespace."""

    name: str = Field(min_length=1, max_length=253, description="Name of the Secret.")
    key: str = Field("ca.crt", min_length=1, description="Key in the Secret.")


class Tls(Model):
    """Encryption between the workers and the brokers."""

    ca_secret: SecretKeyRef | None = Field(
        None, description="The certificate authority (PEM) to trust; the system's own when left out."
    )


class Authentication(Model):
    """How the workers prove who they are to a Kafka that Strimzi does not manage."""

    type: Literal["ScramSha512", "Tls"] = Field(description="ScramSha512 (a password) or Tls (a client certificate).")
    secret: SecretRef = Field(
        description="ScramSha512 reads the keys `username` and `password`, Tls reads `user.crt` and `user.key`."
    )


class Kafka(Model):
    """Where the topics live: a Kafka run by Strimzi, or any other."""

    cluster: ClusterRef | None = Field(
        None, description="A Strimzi Kafka: topics become KafkaTopics, credentials KafkaUsers."
    )
    bootstrap_servers: str | None = Field(
        None, min_length=3, description="Any other Kafka, as host:port[,host:port...]: topics go through its Admin API."
    )
    tls: Tls | None = Field(None, description="Encrypt the connection (with bootstrapServers).")
    authentication: Authentication | None = Field(None, description="Credentials (with bootstrapServers).")


class Images(Model):
    """The topic that images are published to."""

    partitions: Partitions = Field(
        12, description="Partitions: the most workers that can share the work. Never shrinks."
    )
    replicas: ReplicationFactor = Field(3, description="Brokers that keep a copy.")
    retention: Duration = Field(Duration("168h"), description="How long an image is kept, whether read or not.")
    max_bytes: Size = Field(Size("10Mi"), description="The largest image that is taken, in bytes.")
    config: TopicConfig = Field(default_factory=dict)


class Results(Model):
    """The topic that a stage publishes its analyses to."""

    partitions: Partitions | None = Field(None, description="As many as the images topic when left out.")
    replicas: ReplicationFactor | None = Field(None, description="As many as the images topic when left out.")
    retention: Duration = Field(Duration("168h"), description="How long an analysis is kept, whether read or not.")
    config: TopicConfig = Field(default_factory=dict)


class DeadLetters(Model):
    """The topic that keeps the images that a stage could not analyse, whole, with the reason."""

    partitions: Partitions | None = Field(None, description="As many as the images topic when left out.")
    replicas: ReplicationFactor | None = Field(None, description="As many as the images topic when left out.")
    retention: Duration = Field(Duration("720h"), description="How long a failed image is kept.")
    config: TopicConfig = Field(default_factory=dict)


class ModelSource(Model):
    """The ONNX file."""

    uri: str = Field(pattern=URI_PATTERN, description=f"{URI_FORMS}.")
    sha256: str | None = Field(
        None, pattern=r"^[0-9a-f]{64}$", description="The file's checksum; a file that differs is refused."
    )
    secret: SecretRef | None = Field(
        None, description="Credentials for https, s3 and gs: its keys become environment variables of the worker."
    )


class Input(Model):
    """How an image becomes the model's input. What is left out is read from the model file.

    Pixels are taken as (x * scale - mean) / std per channel.
    """

    width: int | None = Field(None, ge=1, le=16_384, description="Width in pixels.")
    height: int | None = Field(None, ge=1, le=16_384, description="Height in pixels.")
    channels: Literal[1, 3] | None = Field(None, description="1 for grey, 3 for colour.")
    resize: Literal["Stretch", "Letterbox", "Crop"] = Field(
        "Stretch", description="Stretch ignores the aspect ratio, Letterbox pads with black, Crop cuts the centre out."
    )
    scale: float | None = Field(
        None, gt=0, description="Factor on the pixel values 0..255; 1/255 when left out, 1 for UInt8."
    )
    mean: list[float] | None = Field(None, min_length=1, max_length=3, description="One for all channels, or one each.")
    std: list[Annotated[float, Field(gt=0)]] | None = Field(
        None, min_length=1, max_length=3, description="One for all channels, or one each."
    )
    layout: Literal["NCHW", "NHWC"] | None = Field(None, description="Order of the axes.")
    dtype: Literal["Float32", "Float16", "UInt8"] | None = Field(None, description="Element type.")
    colors: Literal["RGB", "BGR"] = Field("RGB", description="Order of the channels.")
    preprocessing: Literal["Fast", "Exact"] = Field(
        "Fast",
        description="Fast lets the JPEG decoder shrink a large image first; Exact decodes in full and antialiases.",
    )


class Output(Model):
    """What the model's output means."""

    type: Literal["Classification", "Embedding", "Tensor"] = Field(description="The kind of result.")
    name: str | None = Field(None, min_length=1, description="The model's output to read; its first when left out.")
    labels: list[str] | None = Field(
        None, min_length=1, max_length=10_000, description="Names of the classes, in order."
    )
    labels_uri: str | None = Field(
        None,
        pattern=URI_PATTERN,
        description="A text file with a name of a class a line.",
    )
    top_k: int = Field(3, ge=1, le=1_000, description="The most predictions of an image.")
    threshold: float = Field(0.0, ge=0, description="Predictions with a smaller score are left out.")
    activation: Literal["Softmax", "Sigmoid", "None"] = Field(
        "None", description="What turns the model's raw output into scores."
    )


class Resources(Model):
    """Compute resources of a worker, as in a container."""

    requests: dict[str, Quantity] = Field(default_factory=dict, description="What is set aside for a worker.")
    limits: dict[str, Quantity] = Field(
        default_factory=dict, description="What a worker may use; the CPU limit is also its number of loops."
    )


class Template(Model):
    """Where and how the worker pods of a stage run."""

    node_selector: dict[str, str] = Field(default_factory=dict, description="Labels that a node must have.")
    tolerations: list[dict[str, Any]] = Field(default_factory=list, description="As in a pod.")
    affinity: dict[str, Any] = Field(default_factory=dict, description="As in a pod.")
    priority_class_name: str | None = Field(None, description="As in a pod.")
    runtime_class_name: str | None = Field(None, description="As in a pod.")
    env: list[dict[str, Any]] = Field(default_factory=list, description="Environment of the worker, as in a container.")
    image_pull_secrets: list[SecretRef] = Field(default_factory=list, description="As in a pod.")
    termination_grace_period_seconds: int = Field(
        60, ge=1, le=3_600, description="Seconds that a worker has to finish the images in hand."
    )


class Stage(Model):
    """One AI model that reads the images topic and publishes results of its own."""

    name: str = Field(
        min_length=1,
        max_length=names.NAME_MAX_LENGTH,
        pattern=names.DNS_LABEL_PATTERN,
        description="A DNS label of at most 40 characters, unique in the pipeline.",
    )
    model: ModelSource = Field(description="The ONNX file.")
    input: Input = Field(default_factory=Input, description="How an image becomes the model's input.")
    output: Output = Field(description="What the model's output means.")
    delivery: Literal["AtLeastOnce", "ExactlyOnce"] = Field(
        "AtLeastOnce", description="ExactlyOnce publishes results and commits offsets in one transaction."
    )
    max_attempts: int = Field(
        3, ge=1, le=100, description="How often an image that ends its worker is tried before it becomes a dead letter."
    )
    replicas: int | None = Field(None, ge=0, le=10_000, description="Workers; spec.replicas when left out.")
    resources: Resources = Field(default_factory=Resources, description="Compute resources of a worker.")
    template: Template = Field(default_factory=Template, description="Where and how the worker pods run.")
    results: Results = Field(default_factory=Results, description="The stage's results topic.")
    dead_letters: DeadLetters = Field(default_factory=DeadLetters, description="The stage's dead letters topic.")


class PipelineSpec(Model):
    """What a user asks for."""

    kafka: Kafka = Field(description="Where the topics live.")
    images: Images = Field(default_factory=Images, description="The topic that images are published to.")
    replicas: int = Field(1, ge=0, le=10_000, description="Workers of a stage that names no number of its own.")
    stages: list[Stage] = Field(
        min_length=1,
        max_length=16,
        description="The AI models, each reading every image.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
    )
    deletion_policy: Literal["Retain", "Delete"] = Field(
        "Retain", description="What becomes of the topics when the pipeline is deleted."
    )
    suspend: bool = Field(False, description="Stop the workers; topics and images stay.")


class Metadata(BaseModel):
    """The part of Kubernetes' ObjectMeta that Darkroom reads."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="allow", frozen=True)

    name: str = Field(min_length=1, max_length=names.NAME_MAX_LENGTH, pattern=names.DNS_LABEL_PATTERN)
    namespace: str = Field("default", max_length=names.NAMESPACE_MAX_LENGTH, pattern=names.DNS_LABEL_PATTERN)
    uid: str = ""
    generation: int = 0
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)


class ImagePipeline(Model):
    """Images in, analyses out: the topics, stages and workers of one stream of images."""

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
        """Workers that `stage` asks for, before `suspend`."""
        return self.spec.replicas if stage.replicas is None else stage.replicas
