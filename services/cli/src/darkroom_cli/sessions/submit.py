"""What `darkroom submit` shows: progress while it sends, then what became of the images."""

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
"""More images that were only sent, not waited for, are a number rather than a table."""


def report(
    service: Service, submission: Submission, files: Sequence[Path], parallel: int, *, as_json: bool
) -> ExitCode:
    """Send `files` and show what became of them."""
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
        for each in outcomes:
            sent.append(each)
            progress.advance(task)
            if each.problem is not None:
                progress.console.print(f"{each.file}: {each.problem}", markup=False, soft_wrap=True)
            array.add(
                {"file": str(each.file), "ms": round(each.seconds * 1000, 1)} | (each.document or {"state": "Refused"})
            )
            if each.unreachable:
                break
    if not as_json:
        _show(sent, submission, seconds=time.monotonic() - started)
    return _exit_code(sent, submission, unsent=len(files) - len(sent))


def _show(sent: Sequence[Sent], submission: Submission, seconds: float) -> None:
    waited = submission.wait_s > 0
    order = sorted(sent, key=lambda each: each.file)
    if waited or len(sent) <= _LISTED_WITHOUT_RESULTS:
        stdout_console().print(sent_table(order, submission.pipeline.stages, waited=waited))
    taken = sum(each.document is not None for each in sent)
    rate = f" in {seconds:.1f} s ({taken / seconds:.0f}/s)" if taken else ""
    answer(f"{taken} of {len(sent)} images taken by {submission.pipeline}{rate}")
    if waited:
        answer(f"{sum(each.state == 'Analyzed' for each in sent)} analysed by every stage")


def _exit_code(sent: Sequence[Sent], submission: Submission, unsent: int) -> ExitCode:
    if any(each.unreachable for each in sent):
        say(f"darkroom: the service is away; {unsent} image(s) were not sent")
        return ExitCode.UNREACHABLE
    wanted = {"Analyzed"} if submission.wait_s else {"Received", "Analyzed", "PartlyFailed", "Failed"}
    done = all(each.problem is None and each.state in wanted for each in sent)
    return ExitCode.OK if done else ExitCode.FAILED
