"""A run of `darkroom replay`: progress, summary and exit code."""

import time
from pathlib import Path
from typing import Any, Final

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from darkroom.errors import DarkroomError
from darkroom_cli.exit_codes import ExitCode, InvalidInput, Unreachable
from darkroom_cli.processes.child import how_it_ended, last_lines
from darkroom_cli.replay.request import Request
from darkroom_cli.replay.target import Target
from darkroom_cli.replay.worker import Ended, Report, run_worker
from darkroom_cli.views.output import answer, answer_json, say, stderr_console

_LINE_EVERY_S: Final = 15.0
_SHOWN_LINES: Final = 5


class Session:
    """The user interface of one replay."""

    def __init__(self, target: Target, request: Request, *, as_json: bool) -> None:
        self._target, self._request, self._as_json = target, request, as_json
        self._begun: Report = {}
        self._last: Report = {}
        self._said_at = time.monotonic()
        console = stderr_console()
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, console=console, disable=not console.is_terminal)
        self._task: TaskID | None = None

    def run(self, folder: Path, log: Path) -> ExitCode:
        """Run the replay to its end, with its settings in `folder`. Returns the exit code.

        Raises:
            InvalidInput: the request can't be fulfilled.
            Unreachable: no Kafka broker responds.
            DarkroomError: the worker exited before the replay was complete.
        """
        settings = folder / "stage.json"
        settings.write_text(self._target.settings.model_dump_json(by_alias=True, exclude_none=True), encoding="utf-8")
        with self._progress:
            ended = run_worker(settings, self._request.arguments(), log, self._target.environment, self._hear)
        if not self._begun:
            if ended.interrupted:
                return ExitCode.INTERRUPTED
            raise _refused(ended, log)
        self._show()
        return self._exit_code(ended, log)

    def _hear(self, report: Report) -> None:
        if report["replay"] == "begun":
            self._begin(report)
            return
        self._last = report
        left, total = report["left"], self._begun["left"]
        if self._task is not None:
            problem = report.get("problem")
            description = f"{self._title}: waiting for Kafka" if problem else self._title
            self._progress.update(self._task, completed=total - left, description=description)
        if self._progress.disable and time.monotonic() - self._said_at > _LINE_EVERY_S:
            self._said_at = time.monotonic()
            say(f"{self._title}: {total - left} of {total}")

    def _begin(self, begun: Report) -> None:
        self._begun = begun
        if not begun["left"]:
            return
        doing = "Continuing with" if begun["resumed"] else "Analysing"
        say(f"{doing} {begun['left']} image(s) of {self._title}; results go to {begun['resultsTopic']}")
        self._task = self._progress.add_task(self._title, total=begun["left"])

    def _show(self) -> None:
        summary = self._summary()
        if self._as_json:
            answer_json(summary)
        elif not self._begun["images"]:
            where = f"from {self._request.start} to {self._request.end}"
            answer(f"Nothing to do: {self._target.settings.images_topic} has no images {where}")
        elif not self._begun["left"]:
            answer(f"Nothing to do: {self._title} is complete; use another --generation to start a new one")
        else:
            answer(
                f"{self._title}: {summary['images']} image(s) in {summary['seconds']:.1f} s "
                f"({summary['imagesPerSecond']:g}/s): {summary['analyzed']} analysed, {summary['failed']} failed, "
                f"{summary['skipped']} skipped"
            )

    def _summary(self) -> dict[str, Any]:
        last = self._last
        outcomes = {name: int(last.get(name, 0)) for name in ("analyzed", "failed", "skipped")}
        images, seconds = sum(outcomes.values()), float(last.get("seconds", 0.0))
        return {
            "pipeline": self._target.pipeline,
            "stage": self._target.stage,
            **{name: self._begun[name] for name in ("generation", "group", "resultsTopic", "deadLettersTopic")},
            "images": images,
            **outcomes,
            "left": last.get("left", self._begun["left"]),
            "complete": bool(last.get("complete")),
            "seconds": seconds,
            "imagesPerSecond": round(images / seconds, 1) if seconds else 0.0,
        }

    def _exit_code(self, ended: Ended, log: Path) -> ExitCode:
        left = self._last.get("left", self._begun["left"])
        if ended.code and left:
            name = self._request.generation
            say(f"{left} image(s) are left: run the same command with --generation {name} to continue")
        if ended.interrupted and ended.code:
            return ExitCode.INTERRUPTED
        if ended.code:
            raise _broken_off(ended, log)
        if failed := self._last.get("failed"):
            say(f"darkroom: {failed} image(s) could not be analysed: they are in {self._begun['deadLettersTopic']}")
            return ExitCode.FAILED
        return ExitCode.OK

    @property
    def _title(self) -> str:
        return f"{self._target.pipeline} {self._target.stage}, generation {self._request.generation}"


def _refused(ended: Ended, log: Path) -> DarkroomError:
    """The error of a worker that exited before the replay started."""
    reason = (last_lines(log, 1) or ["the worker printed nothing"])[0]
    match ended.code:
        case ExitCode.INVALID:
            return InvalidInput(reason)
        case ExitCode.UNREACHABLE:
            return Unreachable(reason)
        case _:
            return _broken_off(ended, log)


def _broken_off(ended: Ended, log: Path) -> DarkroomError:
    shown = [f"  {line}" for line in last_lines(log, _SHOWN_LINES)]
    return DarkroomError("\n".join([f"the worker exited ({how_it_ended(ended.code)}); the end of its log:", *shown]))
