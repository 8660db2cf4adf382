"""Running a replay: the parent process plans, limits the rate and monitors; worker processes analyse the images."""

import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import structlog

from darkroom import names
from darkroom.files.temporary_folder import temporary_folder
from darkroom.stage_settings import StageSettings
from darkroom_inference.bounded.limits import COUNTS_TO, TOKENS_FROM, Pipes
from darkroom_inference.bounded.plan import ReplayPlan, left, read_plan
from darkroom_inference.bounded.ranges import ranges
from darkroom_inference.bounded.rate import TokenWriter
from darkroom_inference.bounded.tally import Tally
from darkroom_inference.kafka.clients import TRANSACTION_TIMEOUT_MS
from darkroom_inference.lifecycle.options import Options
from darkroom_inference.lifecycle.stopping import Stopping
from darkroom_inference.process.fleet import EXIT_CONFIGURATION, Fleet
from darkroom_inference.process.parent import can_share_model, forks_of, sizes_of
from darkroom_inference.process.process import (
    CurrentReporter,
    Listen,
    Prepared,
    drain_seconds,
    loaded,
    stop_on_signals,
)
from darkroom_inference.replay.log import CannotReplay, ImagesLog
from darkroom_inference.replay.report import counted, report
from darkroom_inference.replay.request import Request, checked_topic, settings_of_workers, topics_of
from darkroom_inference.replay.watch import Watch
from darkroom_vision.stage import UnusableModel

log = structlog.get_logger(__name__)

EXIT_UNFINISHED = 75
"""Images are left; another run with the same generation resumes the replay (EX_TEMPFAIL)."""

_TRANSACTION_ENDED_S = TRANSACTION_TIMEOUT_MS / 1000 + 20.0
"""By then, brokers have aborted a transaction that a killed replay left open: they look every ten seconds."""


def run_replay(settings: StageSettings, options: Options, request: Request, log_format: str, listen: Listen) -> int:
    """Analyse the images of a range again. Returns the exit code.

    Raises:
        CannotReplay: the request can't be fulfilled.
        KafkaUnreachable: no broker responded at the start. Later outages are waited out.
        UnusableModel: the model can't be used.
        PortUnavailable: the port is in use.
    """
    stopping = Stopping(drain_seconds(settings))
    stop_on_signals(stopping)
    group = names.replay_group(settings.namespace, settings.pipeline, settings.stage.name, request.generation)
    with temporary_folder("darkroom-replay-") as folder:
        with closing(ImagesLog(settings.kafka, settings.images_topic, group)) as images:
            plan, before = _planned(settings, request, images, folder)
        worker_settings = settings_of_workers(settings, request.generation, plan)
        report(
            "begun",
            generation=request.generation,
            group=group,
            resultsTopic=worker_settings.results_topic,
            deadLettersTopic=worker_settings.dead_letters_topic,
            resumed=before is not None,
            images=plan.images,
            left=plan.images if before is None else before,
        )
        if not plan.images or before == 0:
            report("ended", complete=True, left=0, seconds=0.0, **counted({}))
            return 0
        return _work(worker_settings, options, plan, request, log_format, listen, stopping, folder)


def _planned(
    settings: StageSettings, request: Request, images: ImagesLog, folder: Path
) -> tuple[ReplayPlan, int | None]:
    """The plan, and the number of offsets left if the replay is resumed, else None."""
    topic = checked_topic(settings, request.results_topic)
    bounds = images.bounds()
    committed = images.committed(sorted(bounds), _TRANSACTION_ENDED_S)
    begun = read_plan({partition: commit.metadata for partition, commit in committed.items()})
    if begun is not None:
        if topic is not None and topic != begun.results_topic:
            raise CannotReplay(
                f"generation {request.generation} publishes its results to "
                f"{begun.results_topic or settings.results_topic}: omit --results-topic to resume it, "
                "or choose another name with --generation"
            )
        return begun, left(begun, {partition: commit.offset for partition, commit in committed.items()})
    if request.start is None:
        raise CannotReplay(
            f"there is nothing to resume of generation {request.generation}: it was never started, or its committed "
            "offsets have expired: pass --from to start it"
        )
    start, end = (images.offsets(position, bounds) for position in (request.start, request.end))
    plan = ReplayPlan(ranges(start, end, bounds), topic)
    if plan.images:
        _check_model(settings, folder)
        if topic is not None:
            own = {"results_topic": settings.results_topic, "dead_letters_topic": settings.dead_letters_topic}
            created = images.create_topics_like({name: own[role] for role, name in topics_of(topic).items()})
            log.info("topics created", topics=created)
        images.begin(plan)
    return plan, None


def _check_model(settings: StageSettings, folder: Path) -> None:
    """Load the model in a separate process, so that its memory is freed afterwards."""
    file = _write(settings, folder / "check.json")
    done = subprocess.run(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-P", "-m", "darkroom_inference", "check", "--settings", str(file)],
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise UnusableModel((done.stderr.strip().splitlines() or ["the check of the model failed"])[-1])


def _work(
    settings: StageSettings,
    options: Options,
    plan: ReplayPlan,
    request: Request,
    log_format: str,
    listen: Listen,
    stopping: Stopping,
    folder: Path,
) -> int:
    tokens = TokenWriter(request.rate) if request.rate else None
    tally = Tally()
    pipes = Pipes(None if tokens is None else tokens.reader, tally.writer)
    reporter = CurrentReporter()
    endpoint = listen(reporter)
    forks = None
    if can_share_model(settings):
        process = Prepared(stopping, reporter, endpoint, loaded(settings, 1))
        forks = forks_of(process, settings, options, pipes)
    fleet = reporter.current = Fleet(
        _write(settings, folder / "stage.json"),
        sizes_of(settings, forks),
        log_format,
        drain_seconds(settings),
        inherited={COUNTS_TO: tally.writer} | ({TOKENS_FROM: tokens.reader} if tokens else {}),
        forks=forks,
    )
    began = reported = time.monotonic()
    fleet.start()  # before this process has threads and clients
    if tokens is not None:
        tokens.start()

    def looked() -> None:
        nonlocal reported
        counts = tally.counts()
        if time.monotonic() - reported >= request.report_every_s:
            reported = time.monotonic()
            report("underWay", left=watch.left, problem=watch.problem, **counted(counts))

    with closing(ImagesLog(settings.kafka, settings.images_topic, settings.consumer_group)) as images:
        watch = Watch(images, plan, looked, stopping.request)
        watch.start()
        code = fleet.run(stopping)
        watch.stop()
        complete = watch.look() == 0
    seconds = round(time.monotonic() - began, 3)
    report("ended", complete=complete, left=watch.left, seconds=seconds, **counted(tally.counts()))
    endpoint.close()
    if tokens is not None:
        tokens.close()
    tally.close()
    if complete:
        return 0
    return EXIT_CONFIGURATION if code == EXIT_CONFIGURATION else EXIT_UNFINISHED


def _write(settings: StageSettings, file: Path) -> Path:
    file.write_text(settings.model_dump_json(by_alias=True, exclude_none=True), encoding="utf-8")
    return file
