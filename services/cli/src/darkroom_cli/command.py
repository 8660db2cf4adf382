"""Runs the command line, and turns errors into messages and exit codes."""

import sys

import typer

from darkroom.errors import DarkroomError
from darkroom_cli.app import app
from darkroom_cli.exit_codes import ExitCode, exit_code_of
from darkroom_cli.views.output import say


def run(name: str) -> int:
    """Run the command line as `name`. Errors that a user can act on are printed without a traceback.

    Returns:
        The exit code.
    """
    try:
        code = app(prog_name=name, standalone_mode=False)
    except typer.TyperException as error:
        if message := error.format_message().rstrip("."):  # empty if no command was given, and the help was printed
            context: typer.Context | None = getattr(error, "ctx", None)
            say(f"darkroom: {message} (see {context.command_path if context else name} --help)")
        return ExitCode.INVALID
    except DarkroomError as error:
        for line in str(error).splitlines():
            say(f"darkroom: {line}")
        return exit_code_of(error)
    except (KeyboardInterrupt, typer.Abort):
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # The reader of stdout has ended, as in `darkroom results | head`. Nothing may be written at exit either.
        sys.stdout = None
        return ExitCode.OK
    except OSError as error:
        # Such as a full disk, or a folder that was removed.
        say(f"darkroom: {error.filename or 'this machine'}: {error.strerror or error}")
        return ExitCode.FAILED
    return int(code or 0)
