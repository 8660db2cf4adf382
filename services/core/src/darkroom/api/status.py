"""The status of an ImagePipeline, written by the operator."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

ConditionType = Literal["TopicsReady", "CredentialsReady", "StagesReady", "Ready"]


class _StatusModel(BaseModel):
    # An older version of Darkroom may have left fields here that this one does not know: they are no error.
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True)


class Condition(_StatusModel):
    """A metav1.Condition."""

    type: ConditionType = Field(description="What the condition is about.")
    status: Literal["True", "False", "Unknown"] = Field(description="Whether it holds.")
    reason: str = Field(
        min_length=1,
        max_length=1024,
        pattern=r"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
        description="Why, in a word.",
    )
    message: str = Field("", max_length=32_768, description="Why, in a sentence, and what to do.")
    last_transition_time: str = Field(
        description="When `status` last changed (RFC 3339).", json_schema_extra={"format": "date-time"}
    )
    observed_generation: int = Field(0, ge=0, description="The generation of the spec that this was seen with.")


class StageStatus(_StatusModel):
    """What has become of one stage."""

    name: str = Field(description="The stage's name.")
    results_topic: str = Field(description="Its results topic.")
    dead_letters_topic: str = Field(description="Its dead letters topic.")
    consumer_group: str = Field(description="The consumer group that its workers share.")
    replicas: int = Field(0, description="Workers asked for.")
    ready_replicas: int = Field(0, description="Workers ready: model loaded and partitions assigned.")
    message: str = Field("", description="What holds the stage up, if anything does.")


class Status(_StatusModel):
    """What has become of the pipeline."""

    observed_generation: int = Field(0, description="The generation of the spec that this status answers to.")
    conditions: list[Condition] = Field(
        default_factory=list,
        description="TopicsReady, CredentialsReady, StagesReady, Ready.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
    )
    images_topic: str = Field("", description="The topic to publish images to.")
    replicas: int = Field(0, description="Workers of all stages that exist (for the scale subresource).")
    selector: str = Field("", description="Label selector of the worker pods (for the scale subresource).")
    stages_ready: str = Field("", description="Stages that are ready, of all of them: 1/2.")
    stages: list[StageStatus] = Field(default_factory=list, description="One a stage, in the order of the spec.")
