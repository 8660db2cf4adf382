"""The command `darkroom`."""

import sys

import typer

from darkroom.errors import DarkroomError
from darkroom_cli.app import app
from darkroom_cli.commands.connection import PLUGIN
from darkroom_cli.exit_codes import ExitCode, exit_code_of
from darkroom_cli.views.output import say


def main() -> int:
    """Run the command line as `darkroom`. Returns the exit code."""
    return _run("darkroom")


def kubectl_plugin() -> int:
    """Run the command line as `kubectl darkroom`, which uses the ingestion service of a cluster. As `main`."""
    return _run(PLUGIN)


def _run(name: str) -> int:
    """Errors that a user can act on are printed without a traceback."""
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


if __name__ == "__main__":
    sys.exit(main())
