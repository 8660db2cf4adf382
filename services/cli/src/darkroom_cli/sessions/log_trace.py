"""A search for the records of an image in the log, by a program of the ingestion service."""

import json
import subprocess
import tempfile
from datetime import datetime
from typing import IO, Any

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from darkroom.errors import DarkroomError
from darkroom_cli.client.service import Document
from darkroom_cli.exit_codes import ExitCode, InvalidInput, Unreachable
from darkroom_cli.processes.child import how_it_ended, start_module
from darkroom_cli.views.output import say, stderr_console

_MODULE = "darkroom_ingestion.log_trace"


def trace_from_log(request: dict[str, Any]) -> Document:
    """The trace of an image, as the ingestion service returns it. Shows progress, and says what was not searched.

    Raises:
        InvalidInput: a setting of Kafka is invalid.
        Unreachable: Kafka does not respond.
        DarkroomError: the log has no record of the image.
    """
    console = stderr_console()
    columns = (TextColumn("Reading {task.description}"), BarColumn(), TaskProgressColumn())
    with (
        tempfile.TemporaryFile() as errors,
        Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress,
    ):
        process = start_module(_MODULE, [], {}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors)
        assert process.stdin is not None  # noqa: S101 - they are pipes
        assert process.stdout is not None  # noqa: S101
        try:
            with process.stdin:
                process.stdin.write(json.dumps(request).encode())
            trace = _listen(process.stdout, progress)
            code = process.wait()
        finally:
            process.kill()
            process.stdout.close()
        errors.seek(0)
        problem = errors.read().decode(errors="replace").strip()
    if trace is None:
        raise _error(code, problem or f"the search ended unexpectedly ({how_it_ended(code)})")
    for reason in trace.pop("incomplete"):
        say(f"darkroom: {reason}: read more with --max-records")
    return trace


def since_ms(text: str | None) -> int | None:
    """A time of an option, in ms since 1970.

    Raises:
        InvalidInput: it is not a time with a time zone.
    """
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise InvalidInput(f"--since {text}: write a time with a time zone, as 2026-11-23T12:00:00Z")
    return round(at.timestamp() * 1000)


def _listen(lines: IO[bytes], progress: Progress) -> Document | None:
    """Show how far it is. Returns the trace; None if the process ended without one."""
    task = None
    topics = ""
    for line in lines:
        said: dict[str, Any] = json.loads(line)
        if "trace" in said:
            trace: Document = said["trace"]
            return trace
        if task is None or said["topics"] != topics:
            topics = said["topics"]
            if task is not None:
                progress.remove_task(task)
            task = progress.add_task(topics)
        progress.update(task, completed=said["read"], total=said["total"])
    return None


def _error(code: int, problem: str) -> DarkroomError:
    match code:
        case ExitCode.INVALID:
            return InvalidInput(problem)
        case ExitCode.UNREACHABLE:
            return Unreachable(problem)
        case _:
            return DarkroomError(problem)
