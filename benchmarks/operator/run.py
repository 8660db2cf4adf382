"""One run of the operator with a number of pipelines, on a new control plane."""

import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measuring.processes import cpu_s, most_memory_mb
from benchmarks.operator.bare_loop import THREADS, Writes, make, recorded
from tests.support.kube.child_process import ChildProcess
from tests.support.kube.clusters import crds, running_control_plane
from tests.support.kube.control_plane import ControlPlane
from tests.support.services.operator import CLUSTER, OperatorProcess, Site, site
from tests.support.strimzi.kafka_resource import KafkaListener, install_kafka

CHANGES = 5
IDLE_CPU = 0.02
SETTLE_S = 120.0
SETTLE_LOOK_S = 25.0
"""Longer than the operator waits after its start until it lists everything again (cluster_sync.WATCHES_START_S)."""
LIMIT_S = 3600.0
TELL_S = 10.0
LOOK_S = 1.0
CHANGE_LOOK_S = 0.01

READY = 'darkroom_operator_pipelines{condition="Ready",reason="AllReady",status="True"}'
LOOKED_AT = 'darkroom_operator_reconciles_total{outcome="ready"}'


@dataclass(frozen=True)
class Result:
    """The measurements with a number of pipelines.

    Attributes:
        ready_s: until all are Ready.
        bare_loop_s: the time of the bare loop for the same writes.
        restart_s: after a restart with all pipelines ready, until all are reconciled.
        changes_s: for each of some changes of one pipeline, until its status is that of the new generation.
        empty_mb: peak memory before the first pipeline.
        memory_mb: peak memory.
    """

    pipelines: int
    ready_s: float
    bare_loop_s: float
    restart_s: float
    restart_writes: int
    steady_writes: int
    steady_reconciles: float
    steady_cpu: float
    changes_s: list[float]
    empty_mb: float
    memory_mb: float

    @property
    def kb_per_pipeline(self) -> float:
        """Memory that a pipeline adds, in kB."""
        return (self.memory_mb - self.empty_mb) * 1000 / self.pipelines


def measure(count: int, *, steady_s: float) -> Result:
    """Measure `count` pipelines; `steady_s` is the length of the steady state."""
    with (
        tempfile.TemporaryDirectory(prefix="darkroom-bench-") as folder,
        running_control_plane(Path(folder) / "kubernetes", crds()) as control_plane,
        ExitStack() as stack,
    ):
        here = stack.enter_context(site(control_plane.server, Path(folder)))
        _start_strimzi(here, stack)
        here.put_model()
        operator = here.start_operator()
        empty_mb = most_memory_mb(operator.pid)
        log = here.api_server.audit.from_now()
        names = [f"pipeline-{number:05}" for number in range(count)]
        _say(f"{count} pipelines are applied")
        started = time.monotonic()
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(lambda name: here.apply(here.manifest(name, replicas=0)), names))
        _wait(lambda: operator.metric(READY) >= count, f"all {count} Ready", lambda: operator.metric(READY))
        ready_s = time.monotonic() - started
        writes = log.writes(here.user)
        memory_mb = most_memory_mb(operator.pid)
        _say(f"all Ready after {ready_s:.1f} s; {len(writes)} writes; {memory_mb:.0f} MB")

        operator.stop()
        recordings = recorded(here, writes, names)
        bare_s = _bare(here, recordings, control_plane, Path(folder))
        _say(f"bare loop: {sum(w.count for w in recordings)} writes in {bare_s:.1f} s")

        log = here.api_server.audit.from_now()
        started = time.monotonic()
        operator = here.start_operator()
        _wait(lambda: operator.metric(LOOKED_AT) >= count, "all looked at", lambda: operator.metric(LOOKED_AT))
        restart_s = time.monotonic() - started
        quiet_s = _settle(operator.pid, look_s=min(SETTLE_LOOK_S, steady_s))
        restart_writes = len(log.writes(here.user))
        _say(f"restarted: all looked at after {restart_s:.1f} s, quiet {quiet_s:.0f} s later; {restart_writes} writes")

        steady_cpu, steady_writes, steady_reconciles = _steady(here, operator, steady_s)
        changes_s = [_change(here, names[index * count // CHANGES], index) for index in range(CHANGES)]
        memory_mb = max(memory_mb, most_memory_mb(operator.pid))
        _say(f"steady: {steady_cpu:.2%} of a core; {steady_reconciles:.0f} reconciliations; {steady_writes} writes")
        _say(f"changes seen after {max(changes_s):.2f} s; {memory_mb:.0f} MB")
        return Result(
            pipelines=count,
            ready_s=ready_s,
            bare_loop_s=bare_s,
            restart_s=restart_s,
            restart_writes=restart_writes,
            steady_writes=steady_writes,
            steady_reconciles=steady_reconciles,
            steady_cpu=steady_cpu,
            changes_s=changes_s,
            empty_mb=empty_mb,
            memory_mb=memory_mb,
        )


def _start_strimzi(here: Site, stack: ExitStack) -> None:
    """Start the stand-in as a separate process, so that it does not share an interpreter with the benchmark."""
    install_kafka(here.api, here.kafka_namespace, CLUSTER, [KafkaListener("plain", "127.0.0.1:9092")])
    command = [
        sys.executable, "-m", "tests.support.strimzi", "--kubeconfig", here.api_server.kubeconfig,
        "--namespace", here.kafka_namespace, "--cluster", CLUSTER, "--without-kafka",
    ]  # fmt: skip
    process = ChildProcess(command, here.folder / f"strimzi-{here.kafka_namespace}.log")
    stack.callback(process.terminate)


def _bare(here: Site, recordings: list[Writes], control_plane: ControlPlane, folder: Path) -> float:
    with site(control_plane.server, folder) as new, ExitStack() as stack:
        _start_strimzi(new, stack)
        started = time.monotonic()
        make(new.api, recordings, here, new)
        return time.monotonic() - started


def _steady(here: Site, operator: OperatorProcess, seconds: float) -> tuple[float, int, float]:
    """The operator's share of a core, its writes and its reconciliations while nothing changes."""
    log, reconciled = here.api_server.audit.from_now(), operator.metric(LOOKED_AT)
    used, since = cpu_s(operator.pid), time.monotonic()
    time.sleep(seconds)
    cpu = (cpu_s(operator.pid) - used) / (time.monotonic() - since)
    return cpu, len(log.writes(here.user)), operator.metric(LOOKED_AT) - reconciled


def _change(here: Site, name: str, number: int) -> float:
    """Change a pipeline. Returns the seconds until its status is that of the new generation."""
    started = time.monotonic()
    here.change(name, images={"retention": f"{number + 1}h"})
    while not here.condition("Ready", name):
        if time.monotonic() - started > SETTLE_S:
            raise TimeoutError(f"the change of {name} is not seen after {SETTLE_S:.0f} s")
        time.sleep(CHANGE_LOOK_S)
    return time.monotonic() - started


def _wait(condition: Callable[[], bool], what: str, progress: Callable[[], float]) -> None:
    deadline, told = time.monotonic() + LIMIT_S, time.monotonic()
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not {what} after {LIMIT_S:.0f} s: {progress()}")
        if time.monotonic() - told > TELL_S:
            told = time.monotonic()
            _say(f"... {progress():.0f}")
        time.sleep(LOOK_S)


def _settle(pid: int, look_s: float) -> float:
    """Wait until the process is idle for `look_s` after kopf's first list. Returns how long that took."""
    started = time.monotonic()
    while time.monotonic() - started < SETTLE_S:
        before = cpu_s(pid)
        time.sleep(look_s)
        if cpu_s(pid) - before < IDLE_CPU * look_s:
            break
    return time.monotonic() - started


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)
