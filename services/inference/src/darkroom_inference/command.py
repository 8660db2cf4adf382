"""The command `darkroom-worker`: run a stage, check its settings and model, or replay stored images."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import structlog
from prometheus_client import disable_created_metrics

from darkroom.errors import DarkroomError
from darkroom.kafka.errors import KafkaUnreachable
from darkroom.kafka.positions import BadPosition, check_range, parse_position
from darkroom.logs import configure_logs
from darkroom.names import generation_problem
from darkroom.processes.parent_death import end_with_parent
from darkroom.stage_settings import StageSettings
from darkroom_inference.bounded.limits import COUNTS_TO, TOKENS_FROM, Pipes
from darkroom_inference.lifecycle.images_at_work import ImagesAtWork
from darkroom_inference.lifecycle.options import InvalidOption, Options
from darkroom_inference.process.endpoint import Endpoint, Reporter
from darkroom_inference.process.fleet import EXIT_CONFIGURATION, IMAGES_AT_WORK, MAX_LOOPS_A_PROCESS
from darkroom_inference.process.heap import use_one_arena
from darkroom_inference.process.parent import can_share_model, run_fleet, run_forks
from darkroom_inference.process.process import Listen, run_process
from darkroom_inference.process.settings import UnusableSettings, read_settings
from darkroom_inference.replay.log import CannotReplay
from darkroom_inference.replay.request import Request
from darkroom_inference.replay.run import run_replay
from darkroom_vision.imaging.opencv import configure_opencv
from darkroom_vision.model.providers import Machine, choose
from darkroom_vision.stage import UnusableModel, load_stage

log = structlog.get_logger(__name__)

EXIT_UNREACHABLE = 3


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point. Exits 0 after a graceful stop, 1 after a temporary error, 2 if settings or model are unusable.

    A replay exits 0 if it is complete, 75 if images are left, and 3 if no Kafka broker responds at its start.
    """
    options = _parser().parse_args(arguments)
    try:
        settings = read_settings(options.settings)
        if options.command == "check":
            configure_logs("text")
            configure_opencv()
            load_stage(settings)
            raise SystemExit(0)
        if options.command == "execution":
            options.to.write_text(f"{choose(settings.stage.execution, Machine.this())}\n", encoding="utf-8")
            raise SystemExit(0)
        raise SystemExit(_run(settings, options))
    except (UnusableSettings, UnusableModel, InvalidOption, BadPosition, CannotReplay) as error:
        print(error, file=sys.stderr)  # noqa: T201 - for the person who started the command
        raise SystemExit(EXIT_CONFIGURATION) from None
    except KafkaUnreachable as error:
        print(error, file=sys.stderr)  # noqa: T201
        raise SystemExit(EXIT_UNREACHABLE) from None
    except DarkroomError as error:
        print(error, file=sys.stderr)  # noqa: T201
        raise SystemExit(1) from None


def _run(settings: StageSettings, arguments: argparse.Namespace) -> int:
    configure_logs(arguments.log_format)
    disable_created_metrics()  # type: ignore[no-untyped-call] # untyped in the library
    options = replace(Options.from_environment(), process=getattr(arguments, "process", 0))
    if settings.loops == 1 or can_share_model(settings):  # then each process has one loop, unless it can't be forked
        use_one_arena()

    def listen(reporter: Reporter) -> Endpoint:
        endpoint = Endpoint(arguments.host, arguments.port, reporter)
        log.info("listening", host=arguments.host, port=endpoint.port)
        return endpoint

    if arguments.command == "replay":
        return _replay(settings, options, arguments, listen)
    if arguments.child_of is None:
        of_processes = (settings, options, arguments.settings, arguments.log_format, listen)
        if (settings.loops > 1 or settings.uses_share_group) and can_share_model(settings):
            return run_forks(*of_processes)
        if settings.loops > MAX_LOOPS_A_PROCESS or settings.uses_share_group:
            return run_fleet(*of_processes)
        return run_process(settings, options, listen, range(settings.loops))

    def listen_for_parent(reporter: Reporter) -> Endpoint:
        endpoint = listen(reporter)
        endpoint.tell_port(arguments.port_to)
        return endpoint

    if not end_with_parent(arguments.child_of):
        return 1
    pipes = None if arguments.counts_to is None else Pipes(arguments.tokens_from, arguments.counts_to)
    descriptor = arguments.images_at_work
    images_at_work = None if descriptor is None else ImagesAtWork(descriptor, settings.loops)
    loops = range(arguments.first_loop, arguments.first_loop + arguments.loops)
    return run_process(settings, options, listen_for_parent, loops, pipes, images_at_work)


def _replay(settings: StageSettings, options: Options, arguments: argparse.Namespace, listen: Listen) -> int:
    start = None if arguments.start is None else parse_position(arguments.start)
    end = parse_position(arguments.end)
    if start is not None:
        check_range(start, end)
    if problem := generation_problem(arguments.generation):
        raise CannotReplay(problem)
    if not arguments.rate >= 0:
        raise CannotReplay(f"rate {arguments.rate}: give images per second, or 0 for no limit")
    request = Request(arguments.generation, start, end, arguments.results_topic, arguments.rate, arguments.report_every)
    return run_replay(settings, options, request, arguments.log_format, listen)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="darkroom-worker", description="The worker of one stage of an ImagePipeline.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    check = commands.add_parser("check", help="check the settings, load the model, and exit")
    execution = commands.add_parser(
        "execution", help="write how the model would run on this machine, and why, to a file"
    )
    execution.add_argument("--to", type=Path, default=Path("/dev/stdout"), metavar="FILE", help="(%(default)s)")
    run = commands.add_parser("run", help="analyse new images until SIGTERM")
    replay = commands.add_parser("replay", help="analyse the images of a range of the log again, then exit")
    for command in (check, execution, run, replay):
        command.add_argument(
            "--settings", type=Path, required=True, metavar="FILE", help="the stage's settings as JSON"
        )
    for command in (run, replay):
        command.add_argument(
            "--host", default="127.0.0.1", help="address of /healthz, /readyz and /metrics (%(default)s)"
        )
        command.add_argument(
            "--port",
            type=int,
            required=True,
            help="port of /healthz, /readyz and /metrics; 0 chooses a free port and logs it",
        )
        command.add_argument(
            "--log-format", choices=["json", "text"], default="text", help="format of log lines (%(default)s)"
        )
    run.add_argument("--process", type=int, default=0, help=argparse.SUPPRESS)
    # Set by the parent of several processes.
    for name in ("--loops", "--first-loop", "--child-of", "--port-to", TOKENS_FROM, COUNTS_TO, IMAGES_AT_WORK):
        run.add_argument(name, type=int, help=argparse.SUPPRESS)
    _replay_arguments(replay)
    return parser


def _replay_arguments(replay: argparse.ArgumentParser) -> None:
    position = "beginning, end, an offset, or a time such as 2026-11-23T12:00:00Z"
    replay.add_argument(
        "--generation",
        required=True,
        metavar="NAME",
        help="name of the replay; give the name of an unfinished replay to resume it",
    )
    replay.add_argument("--from", dest="start", metavar="POSITION", help=f"where to start: {position}")
    replay.add_argument(
        "--to", dest="end", metavar="POSITION", default="end", help="where to stop (%(default)s: the log's current end)"
    )
    replay.add_argument(
        "--results-topic", metavar="TOPIC", help="topic for the results; created if missing (the stage's results topic)"
    )
    replay.add_argument("--rate", type=float, default=100, help="images per second; 0 for no limit (%(default)s)")
    replay.add_argument(
        "--report-every",
        type=float,
        default=10,
        metavar="SECONDS",
        help="seconds between reports on stdout (%(default)s)",
    )
