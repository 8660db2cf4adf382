"""The exit codes of `darkroom`, and the errors that lead to them."""

from enum import IntEnum

from darkroom.errors import DarkroomError


class ExitCode(IntEnum):
    """What the shell sees."""

    OK = 0
    FAILED = 1
    INVALID = 2
    UNREACHABLE = 3
    INTERRUPTED = 130


EXPLAINED = (
    "Exit codes: 0 done; 1 failed (an image was refused or could not be analysed, a process would not start, a port "
    "or folder can't be used); 2 invalid input or usage; 3 the service or Kafka can't be reached; 130 interrupted."
)


class InvalidInput(DarkroomError):
    """What the user gave can't be used: a line for every problem."""


class Unreachable(DarkroomError):
    """The service or Kafka does not answer."""


def exit_code_of(error: DarkroomError) -> ExitCode:
    """The code that the command ends with because of `error`."""
    match error:
        case InvalidInput():
            return ExitCode.INVALID
        case Unreachable():
            return ExitCode.UNREACHABLE
        case _:
            return ExitCode.FAILED
