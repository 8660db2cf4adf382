"""The command `darkroom-worker`: run a stage, or check that it could be run."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import structlog
from prometheus_client import disable_created_metrics

from darkroom.errors import DarkroomError
from darkroom.logs import configure_logs
from darkroom.stage_settings import StageSettings
from darkroom_inference.endpoint import Endpoint, Reporting
from darkroom_inference.fleet import EXIT_CONFIGURATION, MAX_LOOPS_A_PROCESS
from darkroom_inference.options import InvalidOption, Options
from darkroom_inference.parent import die_with
from darkroom_inference.process import run_fleet, run_process
from darkroom_inference.runtime import one_thread_a_loop
from darkroom_inference.stage_plan import UnusableModel, UnusableSettings, load_plan, read_settings

log = structlog.get_logger(__name__)


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
        raise SystemExit(_run(settings, options))
    except (UnusableSettings, UnusableModel, InvalidOption) as error:
        print(error, file=sys.stderr)  # noqa: T201 - for the person who started it, not for the log
        raise SystemExit(EXIT_CONFIGURATION) from None
    except DarkroomError as error:
        print(error, file=sys.stderr)  # noqa: T201
        raise SystemExit(1) from None


def _run(settings: StageSettings, arguments: argparse.Namespace) -> int:
    configure_logs(arguments.log_format)
    disable_created_metrics()  # type: ignore[no-untyped-call] # the library's own gap
    options = Options.from_environment()

    def listen(speaker: Reporting) -> Endpoint:
        endpoint = Endpoint(arguments.host, arguments.port, speaker)
        log.info("listening", host=arguments.host, port=endpoint.port)
        return endpoint

    if arguments.child_of is None:
        if settings.loops > MAX_LOOPS_A_PROCESS:
            return run_fleet(settings, arguments.settings, arguments.log_format, listen)
        return run_process(settings, options, listen, settings.loops)

    def tell_parent(speaker: Reporting) -> Endpoint:
        endpoint = listen(speaker)
        os.write(arguments.port_to, str(endpoint.port).encode())
        os.close(arguments.port_to)
        return endpoint

    die_with(arguments.child_of)
    return run_process(settings, options, tell_parent, arguments.loops)


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
    # What a parent of several processes tells each of them.
    for name in ("--loops", "--child-of", "--port-to"):
        run.add_argument(name, type=int, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    main()
