"""Why one image could not be analysed. The reasons are what dead letters carry."""

from typing import ClassVar, Literal

from darkroom.errors import DarkroomError

Reason = Literal["NotAnImage", "TooLarge", "TooManyPixels", "DecodeError", "InferenceError"]


class ImageError(DarkroomError):
    """Something is wrong with this image alone; the next one may be fine."""

    reason: ClassVar[Reason]


class TooLarge(ImageError):
    """The file has more bytes than the pipeline takes."""

    reason = "TooLarge"


class TooManyPixels(ImageError):
    """The header asks for a larger picture than a worker decodes."""

    reason = "TooManyPixels"


class DecodeError(ImageError):
    """The header is good and the rest is not: damaged, cut off, or of a kind that no decoder here knows."""

    reason = "DecodeError"


class InferenceError(ImageError):
    """The model failed on this image, or answered with what JSON cannot hold."""

    reason = "InferenceError"
