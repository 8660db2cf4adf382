"""`stages[].autoscaling` of an ImagePipeline: how many workers a stage has, depending on its input and its lag."""

from pydantic import Field
from pydantic.config import JsonDict

from darkroom.api.quantities import Duration
from darkroom.schema import StrictModel

_DURATION: JsonDict = {"maxLength": 32}


class Autoscaling(StrictModel):
    """The number of workers follows the rate of images and the lag of the stage."""

    min: int = Field(0, ge=0, le=10_000, description="Fewest workers. With 0, a stage without input has no workers.")
    max: int = Field(
        ge=1,
        le=10_000,
        description="Most workers. There are never more than images.partitions: each partition is read by one worker.",
    )
    drain_target: Duration = Field(
        Duration("60s"),
        description="Time in which the workers are to analyse the images that wait.",
        json_schema_extra=_DURATION,
    )
    scale_to_zero_after: Duration = Field(
        Duration("5m"),
        description="Time without input and without lag after which a stage with min 0 has no workers.",
        json_schema_extra=_DURATION,
    )
    scale_down_delay: Duration = Field(
        Duration("3m"),
        description="Workers are removed only when they were not needed during this time.",
        json_schema_extra=_DURATION,
    )
    metrics_only: bool = Field(
        False, description="Recommend a number of workers in the status and in metrics, and leave replicas as it is."
    )
    keda: bool = Field(
        False, description="Create a ScaledObject of KEDA, which then sets the number of workers. Requires KEDA."
    )
