"""The error for what is no image."""

from typing import ClassVar, Literal

from darkroom.errors import DarkroomError


class NotAnImage(DarkroomError):
    """The bytes are no image of a format that Darkroom takes, or its header is damaged."""

    reason: ClassVar[Literal["NotAnImage"]] = "NotAnImage"
