"""Rights to a pipeline."""

from enum import StrEnum
from typing import Final

RESOURCE: Final = "imagepipelines"


class Right(StrEnum):
    """What a caller may do with the images of a pipeline.

    In Kubernetes, a right is a verb on a subresource of imagepipelines.darkroom.dev. The API server has no such
    subresources: they exist only in Roles and access reviews.
    """

    SUBMIT = "Submit"
    READ = "Read"
    READ_DEAD_LETTERS = "ReadDeadLetters"
    REDRIVE = "Redrive"

    @property
    def verb(self) -> str:
        """Its verb in Kubernetes."""
        return _IN_KUBERNETES[self][0]

    @property
    def subresource(self) -> str:
        """Its subresource in Kubernetes."""
        return _IN_KUBERNETES[self][1]


_IN_KUBERNETES: Final = {
    Right.SUBMIT: ("create", "images"),
    Right.READ: ("get", "images"),
    Right.READ_DEAD_LETTERS: ("get", "deadletters"),
    Right.REDRIVE: ("update", "deadletters"),
}
