"""The status of an ImagePipeline, written by the operator."""

from typing import Literal

from pydantic import Field

from darkroom.schema import TolerantModel

ConditionType = Literal["TopicsReady", "CredentialsReady", "StagesReady", "Ready"]


class Condition(TolerantModel):
    """A metav1.Condition."""

    type: ConditionType = Field(description="Type of the condition.")
    status: Literal["True", "False", "Unknown"] = Field(description="Status of the condition.")
    reason: str = Field(
        min_length=1,
        max_length=1024,
        pattern=r"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
        description="Reason for the last transition, in CamelCase.",
    )
    message: str = Field("", max_length=32_768, description="Explanation, and what to do if something is wrong.")
    last_transition_time: str = Field(
        description="Time of the last change of `status` (RFC 3339).", json_schema_extra={"format": "date-time"}
    )
    observed_generation: int = Field(0, ge=0, description="Generation of the spec that the condition is based on.")


class AutoscalingStatus(TolerantModel):
    """The last decision about the number of workers of a stage, and what it is based on."""

    desired: int = Field(0, description="Desired number of workers.")
    reason: str = Field("", description="Why, in CamelCase.")
    lag: int | None = Field(None, description="Images that wait. Missing if Kafka's offsets are unknown.")
    drain_seconds: int | None = Field(
        None, description="Seconds in which the ready workers analyse the images that wait. Missing if unknown."
    )
    rate_per_second: float | None = Field(None, description="Images that arrive per second. Missing if unknown.")


class StageStatus(TolerantModel):
    """Observed state of one stage."""

    name: str = Field(description="Name of the stage.")
    results_topic: str = Field(description="Topic with the results.")
    dead_letters_topic: str = Field(description="Topic with the dead letters.")
    consumer_group: str = Field(description="Consumer group of the workers; with mode Queue, their share group.")
    replicas: int = Field(0, description="Desired number of workers.")
    ready_replicas: int = Field(0, description="Number of ready workers: model loaded, partitions assigned.")
    autoscaling: AutoscalingStatus | None = Field(
        None, description="For a stage with autoscaling: the desired number of workers, and why."
    )
    execution: str | None = Field(
        None,
        description="For a stage with a GPU: the execution provider and precision of its workers, and why. It begins "
        "with Cpu if the GPU of a worker cannot be used.",
    )
    message: str = Field("", description="Why the stage is not ready.")


class Status(TolerantModel):
    """Observed state of the pipeline."""

    observed_generation: int = Field(0, description="Generation of the spec that the operator last acted on.")
    conditions: list[Condition] = Field(
        default_factory=list,
        description="The conditions TopicsReady, CredentialsReady, StagesReady and Ready.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
    )
    images_topic: str = Field("", description="Topic to publish images to.")
    replicas: int = Field(0, description="Number of workers of all stages, for the scale subresource.")
    selector: str = Field("", description="Label selector of the worker pods, for the scale subresource.")
    workers: str | None = Field(
        None, description="Ready workers and desired workers of all stages, such as 3/12. Only with autoscaling."
    )
    stages_ready: str = Field("", description="Ready stages and total stages, such as 1/2.")
    stages: list[StageStatus] = Field(
        default_factory=list, description="State of each stage, in the order of the spec."
    )
