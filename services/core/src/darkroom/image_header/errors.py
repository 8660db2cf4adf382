"""The error for bytes that are not an image."""

from typing import ClassVar, Literal

from darkroom.errors import DarkroomError


class NotAnImage(DarkroomError):
    """The bytes are not an image in a supported format, or the header is damaged."""

    reason: ClassVar[Literal["NotAnImage"]] = "NotAnImage"
