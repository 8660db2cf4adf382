"""A run: start everything, send images during faults, wait until all images are processed, and verify."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.chaos.faults import SIGKILL_A_WORKER, Condition, Fault, kill_a_worker
from tests.chaos.kafka import Kafka
from tests.chaos.load import Load
from tests.chaos.observer import Sample, Strike
from tests.chaos.verdict.evidence import Evidence
from tests.chaos.verdict.reading import Log, read_store
from tests.chaos.verdict.verify import Violation, violations
from tests.chaos.world import PARTITIONS, STAGES, World

RIGHT_WORKER: Final = "darkroom_inference"
WRONG_WORKER: Final = "tests.chaos.wrong_worker"

_TICK_S: Final = 0.05


@dataclass(frozen=True)
class Plan:
    """The parameters of a run.

    Attributes:
        images: minimum number of images; more are sent as long as there are faults.
        rate: images per second.
        faults: faults, one after the other, while workers are killed.
        kill_every_s: seconds between two SIGKILLs of workers.
        stages: the stages, of those in `STAGES`.
        kills: number of SIGKILLs; None for no limit while images are sent.
        patience_s: deadline for everything that must end.
    """

    images: int
    rate: float
    faults: Sequence[Fault]
    stages: Sequence[str] = tuple(STAGES)
    kill_every_s: float = 2.0
    kills: int | None = None
    worker_module: str = RIGHT_WORKER
    patience_s: float = 120.0
    seed: int = 1


@dataclass(frozen=True)
class Outcome:
    """The outcome of a run."""

    evidence: Evidence
    violations: Sequence[Violation]
    sent_again: dict[str, int]
    strikes: Sequence[Strike]
    samples: Sequence[Sample]
    seconds: dict[str, float]


def run(plan: Plan, kafka: Kafka, folder: Path) -> Outcome:
    """Run `plan`. Logs and the store are written to `folder`."""
    world = World(kafka, folder, plan.stages, plan.worker_module, plan.seed)
    clock = _Clock()
    try:
        world.start(plan.patience_s)
        path = f"/v1/pipelines/{world.pipeline.namespace}/{world.pipeline.name}"
        load = Load(f"{world.url}{path}/images", plan.images, plan.rate, plan.seed)
        clock.lap("start")
        load.start()
        try:
            problems = _conduct(plan, world, load)
        finally:
            load.stop(plan.patience_s)
        clock.lap("faults")
        problems += _settle(world, plan.patience_s)
        clock.lap("settle")
        problems += [load.problem] if load.problem else []
        problems += world.stop()
        evidence = _evidence(world, load, path, problems, plan.patience_s)
        clock.lap("verify")
    finally:
        world.kill()
    return Outcome(
        evidence, violations(evidence), load.ledger.sent_again, world.strikes, world.observer.samples, clock.laps
    )


def _conduct(plan: Plan, world: World, load: Load) -> list[str]:
    """Cause the faults, one after the other, and kill a worker periodically, until all images are sent."""
    steps = _steps(plan, world)
    condition: Condition | None = next(steps, None)
    deadline = time.monotonic() + plan.patience_s
    next_kill = time.monotonic() + plan.kill_every_s
    kills = sent = 0
    problems: list[str] = []
    while load.running:
        if time.monotonic() >= next_kill and kills != plan.kills:
            kill_a_worker(world)
            kills += 1
            next_kill = time.monotonic() + plan.kill_every_s
        if condition is None:
            if kills >= (plan.kills or 0):
                load.enough.set()
            if len(load.ledger.acknowledged) > sent:
                sent = len(load.ledger.acknowledged)
                deadline = time.monotonic() + plan.patience_s
        elif condition():
            condition = next(steps, None)
            deadline = time.monotonic() + plan.patience_s
        if time.monotonic() > deadline:
            # Workers are killed all the time: what the run waits for follows another fault.
            names = [strike.name for strike in world.strikes if strike.name != SIGKILL_A_WORKER]
            waits = "no image is accepted" if condition is None else "the run does not continue"
            problems.append(f"gave up after {plan.patience_s:.0f} s: {waits} after: {names[-1] if names else 'start'}")
            break
        time.sleep(_TICK_S)
    return problems


def _steps(plan: Plan, world: World) -> Iterator[Condition]:
    for fault in plan.faults:
        yield from fault(world)


def _settle(world: World, timeout_s: float) -> list[str]:
    """Wait until all images are processed and every worker has partitions. Returns the problems."""
    began = time.monotonic()
    idle = world.every_worker
    while time.monotonic() < began + timeout_s:
        sample = world.observer.since(began)
        idle = [worker for worker in idle if not worker.partitions()]
        if sample is not None and sample.lag == 0 and not idle:
            return []
        time.sleep(_TICK_S)
    blind = f"nothing was seen of the groups for {timeout_s:.0f} s: {world.observer.trouble}"
    unseen = [] if world.observer.since(began) else [blind]
    return unseen + [f"worker {worker.name} has no partitions" for worker in idle]


def _evidence(world: World, load: Load, path: str, problems: Sequence[str], timeout_s: float) -> Evidence:
    log = Log(world.kafka.bootstrap_servers, PARTITIONS)
    images = log.images(world.plan.images.name)
    stages = [log.stage(stage) for stage in world.plan.stages]
    answered = {(stage.name, result.image_id) for stage in stages for result in stage.results}
    ids = {image.image_id for image in images}
    return Evidence(
        acknowledged=load.ledger.acknowledged,
        images=images,
        ends=log.ends(world.plan.images.name),
        stages=stages,
        store=read_store(world.url, path, ids, len(answered), timeout_s),
        problems=problems,
    )


class _Clock:
    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.monotonic()

    def lap(self, name: str) -> None:
        now = time.monotonic()
        self.laps[name] = now - self._last
        self._last = now
