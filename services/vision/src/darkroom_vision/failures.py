"""Why an image could not be analysed. Dead letters carry these reasons."""

from typing import ClassVar, Literal

from darkroom.errors import DarkroomError

Reason = Literal["NotAnImage", "TooLarge", "TooManyPixels", "DecodeError", "InferenceError"]


class ImageError(DarkroomError):
    """This image cannot be analysed. Others are not affected."""

    reason: ClassVar[Reason]


class TooLarge(ImageError):
    """The file has more bytes than the pipeline accepts."""

    reason = "TooLarge"


class TooManyPixels(ImageError):
    """The image has more pixels than a worker decodes."""

    reason = "TooManyPixels"


class DecodeError(ImageError):
    """The header is valid, but the file is damaged, truncated, or of a kind that no decoder supports."""

    reason = "DecodeError"


class InferenceError(ImageError):
    """The model failed on this image, or its output has values that JSON cannot represent."""

    reason = "InferenceError"
