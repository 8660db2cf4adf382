"""A run of `darkroom submit`: progress while sending, then the outcome for each image."""

import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from darkroom_cli.client.service import Service
from darkroom_cli.client.submission import Sent, Submission, submit
from darkroom_cli.exit_codes import ExitCode
from darkroom_cli.views.output import JsonArray, answer, say, stderr_console, stdout_console
from darkroom_cli.views.results import sent_table

_LISTED_WITHOUT_RESULTS = 20
"""Without --wait, more images than this are summarised, not listed."""


def report(
    service: Service, submission: Submission, files: Sequence[Path], parallel: int, *, as_json: bool
) -> ExitCode:
    """Send `files` and print the outcome for each. Returns the exit code."""
    started = time.monotonic()
    sent: list[Sent] = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = stderr_console()
    with (
        JsonArray(shown=as_json) as array,
        Progress(*columns, console=console, disable=not console.is_terminal) as progress,
        closing(submit(service, submission, files, parallel)) as outcomes,
    ):
        task = progress.add_task(f"Sending to {submission.pipeline}", total=len(files))
        for outcome in outcomes:
            sent.append(outcome)
            progress.advance(task)
            if outcome.problem is not None:
                progress.console.print(f"{outcome.file}: {outcome.problem}", markup=False, soft_wrap=True)
            document = outcome.document or {"state": "Refused"}
            array.add({"file": str(outcome.file), "ms": round(outcome.seconds * 1000, 1), **document})
            if outcome.unreachable:
                break
    if not as_json:
        _show(sent, submission, seconds=time.monotonic() - started)
    return _exit_code(sent, submission, unsent=len(files) - len(sent))


def _show(sent: Sequence[Sent], submission: Submission, seconds: float) -> None:
    waited = submission.wait_s > 0
    order = sorted(sent, key=lambda outcome: outcome.file)
    if waited or len(sent) <= _LISTED_WITHOUT_RESULTS:
        stdout_console().print(sent_table(order, submission.pipeline.stages, waited=waited))
    accepted = sum(outcome.document is not None for outcome in sent)
    rate = f" in {seconds:.1f} s ({accepted / seconds:.0f}/s)" if accepted else ""
    answer(f"{accepted} of {len(sent)} images accepted by {submission.pipeline}{rate}")
    if waited:
        answer(f"{sum(outcome.state == 'Analyzed' for outcome in sent)} analysed by every stage")


def _exit_code(sent: Sequence[Sent], submission: Submission, unsent: int) -> ExitCode:
    if any(outcome.unreachable for outcome in sent):
        say(f"darkroom: the service is unreachable; {unsent} image(s) were not sent")
        return ExitCode.UNREACHABLE
    wanted = {"Analyzed"} if submission.wait_s else {"Received", "Analyzed", "PartlyFailed", "Failed"}
    done = all(outcome.problem is None and outcome.state in wanted for outcome in sent)
    return ExitCode.OK if done else ExitCode.FAILED
