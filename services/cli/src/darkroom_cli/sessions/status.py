"""A run of `darkroom status`: once, or again and again until Ctrl-C."""

import sys
import time
from collections.abc import Callable
from typing import NoReturn

from rich.console import RenderableType
from rich.live import Live
from rich.text import Text

from darkroom_cli.client.service import Document, Service
from darkroom_cli.client.status import needs_attention, pipeline_names, read_statuses, read_statuses_with_rates
from darkroom_cli.exit_codes import ExitCode, Unreachable
from darkroom_cli.views.output import answer, answer_json, say, stdout_console
from darkroom_cli.views.status import pipeline_view, pipelines_table

_EVERY_S = 2.0


def show_status(service: Service, pipeline: str | None, *, as_json: bool) -> ExitCode:
    """Print the status of one pipeline, or of all. Returns FAILED if one needs attention."""
    names = pipeline_names(service, pipeline)
    statuses = read_statuses_with_rates(service, names)
    if as_json:
        answer_json(statuses if pipeline is None else statuses[0])
    elif not names:
        answer(_no_pipeline(service))
    else:
        stdout_console().print(_view(statuses, pipeline))
    return ExitCode.FAILED if any(needs_attention(status) for status in statuses) else ExitCode.OK


def watch_status(service: Service, pipeline: str | None, *, as_json: bool) -> NoReturn:
    """Show the status until Ctrl-C. While the service can't be reached, the last one is shown, and why."""
    pipeline_names(service, pipeline)  # so that a wrong name ends the command
    if as_json:
        _every(lambda: answer_json(_read(service, pipeline), indent=None), say)
    if not sys.stdout.isatty():
        _every(lambda: stdout_console().print(_current(service, pipeline), "", sep="\n"), say)
    console = stdout_console()
    with Live(console=console, screen=True, auto_refresh=False) as live:
        _every(
            lambda: live.update(_current(service, pipeline), refresh=True),
            lambda problem: live.update(Text(problem), refresh=True),
        )


def _every(show: Callable[[], object], say_problem: Callable[[str], object]) -> NoReturn:
    while True:
        try:
            show()
        except Unreachable as error:
            say_problem(f"{error}; trying again")
        time.sleep(_EVERY_S)


def _read(service: Service, pipeline: str | None) -> list[Document] | Document:
    statuses = read_statuses(service, pipeline_names(service, pipeline))
    return statuses if pipeline is None else statuses[0]


def _current(service: Service, pipeline: str | None) -> RenderableType:
    statuses = read_statuses(service, pipeline_names(service, pipeline))
    return _view(statuses, pipeline) if statuses else Text(_no_pipeline(service))


def _view(statuses: list[Document], pipeline: str | None) -> RenderableType:
    return pipelines_table(statuses) if pipeline is None else pipeline_view(statuses[0])


def _no_pipeline(service: Service) -> str:
    where = "" if service.namespace is None else f" in namespace {service.namespace}"
    return f"no pipeline{where}: apply an ImagePipeline, or start one with `darkroom up PIPELINE.yaml`"
