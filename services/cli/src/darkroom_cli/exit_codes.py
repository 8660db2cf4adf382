"""The exit codes of `darkroom`, and the errors that cause them."""

from enum import IntEnum

from darkroom.errors import DarkroomError


class ExitCode(IntEnum):
    """The exit codes."""

    OK = 0
    FAILED = 1
    INVALID = 2
    UNREACHABLE = 3
    INTERRUPTED = 130


EXPLAINED = (
    "Exit codes: 0 done; 1 failed (an image was refused or could not be analysed, a process did not start, a port "
    "or folder cannot be used); 2 invalid input or usage; 3 the service or Kafka cannot be reached; 130 interrupted."
)


class InvalidInput(DarkroomError):
    """The user's input is invalid; the message has one line per problem."""


class Unreachable(DarkroomError):
    """The service or Kafka does not respond."""


def exit_code_of(error: DarkroomError) -> ExitCode:
    """The exit code for `error`."""
    match error:
        case InvalidInput():
            return ExitCode.INVALID
        case Unreachable():
            return ExitCode.UNREACHABLE
        case _:
            return ExitCode.FAILED
