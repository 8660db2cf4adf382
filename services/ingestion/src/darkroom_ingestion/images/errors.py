"""The errors of operations on images."""

from darkroom.errors import DarkroomError


class Refused(DarkroomError):
    """An image was not published, or it is unknown whether it was."""


class TooManyWaiting(Refused):
    """Too many images wait for Kafka's acknowledgement."""


class TooLargeForTopic(Refused):
    """The images topic does not accept a record of this size."""


class NotAcknowledged(Refused):
    """Kafka did not acknowledge an image. The image may be in the log anyway."""


class DeadLetterGone(Refused):
    """Retention has removed the dead letter."""


class RedriveInProgress(Refused):
    """Another request is redriving the dead letter."""


class ImageNotFound(DarkroomError):
    """The image is not in the log."""


class StoreBehind(DarkroomError):
    """The store has not read enough of the log to know whether the image exists."""


class KeyReused(DarkroomError):
    """The idempotency key was used for another request."""


class KeyInUse(DarkroomError):
    """A request with the same idempotency key is still in progress."""
