"""What a stage promises, by its mode and its guarantee, which nothing else in the verdict knows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Self

from darkroom.api.pipeline import Stage

Content = Literal["Good", "Damaged", "Poison"]
"""What an image is: damaged images can't be decoded, poison ends the processes of the workers of mode Queue."""


@dataclass(frozen=True)
class Promises:
    """What a stage promises.

    It always promises that every image has a result or a dead letter, never both, and that nothing is stuck.

    Attributes:
        label: the stage's mode and guarantee.
        one_answer: an image has one answer. Otherwise it may have several, which are counted.
        ordered: the answers of a key are in the order of its images.
        reasons: the reasons with which images become dead letters; images of any other content have results.
    """

    label: str
    one_answer: bool
    ordered: bool
    reasons: Mapping[Content, frozenset[str]]

    @classmethod
    def of(cls, stage: Stage) -> Self:
        """The promises of a stage."""
        queue = stage.mode == "Queue"
        reasons: dict[Content, frozenset[str]] = {"Damaged": frozenset({"DecodeError"})}
        if queue:
            # A worker's parent process counts the attempts. If that is killed, too, only Kafka's deliveries are left.
            reasons["Poison"] = frozenset({"PoisonImage", "DeliveryLimit"})
        return cls(
            label=f"{stage.mode}, {stage.delivery}",
            one_answer=stage.delivery == "ExactlyOnce",
            ordered=not queue,
            reasons=reasons,
        )
