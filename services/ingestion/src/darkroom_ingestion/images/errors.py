"""Why an image can't be taken, found or redriven."""

from darkroom.errors import DarkroomError


class Refused(DarkroomError):
    """An image was not published, as far as is known."""


class TooManyWaiting(Refused):
    """More images wait for Kafka's acknowledgement than there is room for."""


class TooLargeForTopic(Refused):
    """The images topic does not accept a record of this size."""


class NotAcknowledged(Refused):
    """Kafka did not acknowledge an image. It may be in the log all the same."""


class DeadLetterGone(Refused):
    """Retention has removed the dead letter."""


class RedriveInProgress(Refused):
    """Another request redrives the dead letter."""


class ImageNotFound(DarkroomError):
    """There is no such image in the log."""


class StoreBehind(DarkroomError):
    """The store has not read enough of the log to tell whether there is such an image."""


class KeyReused(DarkroomError):
    """The idempotency key was used for another request."""


class KeyInUse(DarkroomError):
    """A request with the same idempotency key is still in progress."""
