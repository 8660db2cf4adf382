"""The faults: generators that do something, and yield the condition to wait for before they continue."""

import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from tests.chaos.child import Child
from tests.chaos.observer import SESSION_TIMEOUT_S
from tests.chaos.world import LOAN_S, World

Condition = Callable[[], bool]
Fault = Callable[[World], Iterator[Condition]]

SIGKILL_A_WORKER: Final = "SIGKILL a worker"
"""The fault that is repeated during all others."""

_BROKER_TIMEOUT_S: Final = 90.0


def after(seconds: float) -> Condition:
    """True once `seconds` have passed."""
    then = time.monotonic() + seconds
    return lambda: time.monotonic() >= then


def at_work(worker: Child) -> Condition:
    """True once a worker has partitions, or has ended."""
    return lambda: not worker.running or worker.has_partitions


def kill_a_worker(world: World) -> None:
    """SIGKILL a worker and restart it immediately. Prefers workers that have partitions."""
    running = [worker for worker in world.every_worker if worker.running and worker not in world.suspended]
    if not running:
        return
    victim = world.random.choice([worker for worker in running if worker.has_partitions] or running)
    world.strike(SIGKILL_A_WORKER)
    victim.kill()
    world.start_worker(victim)


def kill_a_process(world: World) -> Iterator[Condition]:
    """SIGKILL the process that analyses for a worker of mode Queue. Its parent restarts it, and blames its images."""
    for stage in world.plan.stages:
        if stage.share_group is not None:
            chosen = world.random.choice([worker for worker in world.workers[stage.name] if worker.running])
            yield at_work(chosen)
            world.strike("SIGKILL a process of a worker")
            chosen.kill_started()
            yield after(1)


def zombie(world: World) -> Iterator[Condition]:
    """SIGSTOP a worker of each stage until others have its images, then let it continue its batch."""
    last: list[tuple[Child, Condition]] = []
    # A share group takes longer to lend the images to others: that stage is first, and its worker continues last.
    for stage in sorted(world.plan.stages, key=lambda stage: stage.share_group is None):
        chosen = next(worker for worker in world.workers[stage.name][1:] if worker.running)
        yield at_work(chosen)
        world.suspended.add(chosen)
        world.strike("SIGSTOP a worker past its session")
        chosen.suspend()
        taken_over = after(1.5 * SESSION_TIMEOUT_S if stage.share_group is None else 1.5 * LOAN_S)
        if stage.share_group is not None:
            last.append((chosen, taken_over))
            continue
        yield taken_over
        world.resume(chosen)
    for chosen, taken_over in last:
        yield taken_over
        world.resume(chosen)


def broker(number: int) -> Fault:
    """SIGKILL a broker, restart it, and wait until every partition is in sync."""

    def fault(world: World) -> Iterator[Condition]:
        yield lambda: world.observer.in_sync
        victim = world.kafka.brokers[number]
        world.strike("SIGKILL a broker")
        victim.kill()
        yield after(1.5 * SESSION_TIMEOUT_S)
        world.strike("start a broker again")
        with ThreadPoolExecutor(1) as thread:
            victim.launch()
            healthy = thread.submit(victim.wait_until_healthy, _BROKER_TIMEOUT_S)
            yield healthy.done
            healthy.result()
        yield lambda: world.observer.in_sync

    return fault


def restart_the_service(world: World) -> Iterator[Condition]:
    """End the ingestion service gracefully, and start it with another clock."""
    world.strike("restart the ingestion service")
    world.service.send(signal.SIGTERM)
    yield lambda: not world.service.running
    world.start_service()
    yield after(2)


def crash_the_service(world: World) -> Iterator[Condition]:
    """SIGKILL the ingestion service, and start it with another clock."""
    world.strike("SIGKILL the ingestion service")
    world.service.kill()
    world.start_service()
    yield after(2)


def cut(number: int, seconds: float = 12.0) -> Fault:
    """Cut the network between the first worker of each stage and one broker."""

    def fault(world: World) -> Iterator[Condition]:
        world.strike("cut the network to a broker")
        world.kafka.proxies[number].cut()
        yield after(seconds)
        world.strike("heal the network")
        world.kafka.proxies[number].heal()
        yield after(1)

    return fault


def storm(rounds: int) -> Fault:
    """Workers that join and leave in quick succession."""

    def fault(world: World) -> Iterator[Condition]:
        guests = [world.extra_worker(stage, 0) for stage in world.plan.stages]
        try:
            for _ in range(rounds):
                world.strike("a worker joins")
                for guest in guests:
                    world.start_worker(guest)
                for guest in guests:
                    yield at_work(guest)
                world.strike("a worker leaves")
                for guest in guests:
                    guest.send(signal.SIGTERM)
                yield lambda: not any(guest.running for guest in guests)
        finally:
            _end(guests)

    return fault


def _end(children: list[Child]) -> None:
    for child in children:
        child.kill()
