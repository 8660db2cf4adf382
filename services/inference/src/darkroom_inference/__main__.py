"""The command `darkroom-worker`: run a stage, or check that it could be run."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from darkroom.errors import DarkroomError
from darkroom.logs import configure_logs
from darkroom_inference.options import InvalidOption, Options
from darkroom_inference.process import run_process
from darkroom_inference.runtime import one_thread_a_loop
from darkroom_inference.stage_plan import UnusableModel, UnusableSettings, load_plan, read_settings

EXIT_CONFIGURATION = 2
"""The settings or the model will not do: trying again is of no use before somebody has changed them."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point: exits 0 after an orderly stop, 1 for what may pass, 2 for what somebody has to change."""
    options = _parser().parse_args(arguments)
    try:
        settings = read_settings(options.settings)
        if options.command == "check":
            configure_logs("text")
            one_thread_a_loop()
            load_plan(settings)
            raise SystemExit(0)
        configure_logs(options.log_format)
        environment = Options.from_environment()
        raise SystemExit(run_process(settings, environment, options.host, options.port, settings.loops))
    except (UnusableSettings, UnusableModel, InvalidOption) as error:
        print(error, file=sys.stderr)  # noqa: T201 - for the person who started it, not for the log
        raise SystemExit(EXIT_CONFIGURATION) from None
    except DarkroomError as error:
        print(error, file=sys.stderr)  # noqa: T201
        raise SystemExit(1) from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="darkroom-worker", description="One stage of an ImagePipeline: images in, analyses out."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    check = commands.add_parser("check", help="load the model, check it against the settings, and say what is wrong")
    run = commands.add_parser("run", help="analyse images until SIGTERM")
    for command in (check, run):
        command.add_argument("--settings", type=Path, required=True, metavar="FILE", help="StageSettings as JSON")
    run.add_argument("--host", default="127.0.0.1", help="where /healthz, /readyz and /metrics listen (%(default)s)")
    run.add_argument("--port", type=int, required=True, help="their port; 0 takes a free one, and logs which")
    run.add_argument("--log-format", choices=["json", "text"], default="text", help="(%(default)s)")
    return parser


if __name__ == "__main__":
    main()
