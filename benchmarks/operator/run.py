"""`python -m benchmarks.operator`: the cost of the operator; see README.md."""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.operator.bare_loop import THREADS, make, recorded
from benchmarks.operator.process import cpu_s, most_memory_mb
from tests.support.kube.child_process import ChildProcess
from tests.support.kube.clusters import running_control_plane
from tests.support.kube.control_plane import ControlPlane
from tests.support.services.operator import CLUSTER, OperatorProcess, Site, site
from tests.support.strimzi.kafka_resource import KafkaListener, install_kafka

RESULTS = Path(__file__).parent / "results.json"
CURVE = (250, 500, 1000, 2000, 5000)
STEADY_S = 60.0
SETTLE_S = 120.0
SETTLE_LOOK_S = 5.0
LIMIT_S = 3600.0
TELL_S = 10.0

MAX_RATIO = 1.5
MAX_RESTART_S = 20.0
MAX_MEMORY_MB = 400.0
MAX_STEADY_CPU = 0.02

READY = 'darkroom_operator_pipelines{condition="Ready",reason="AllReady",status="True"}'
LOOKED_AT = 'darkroom_operator_reconciles_total{outcome="ready"}'


@dataclass(frozen=True)
class Result:
    """The measurements with a number of pipelines."""

    pipelines: int
    ready_s: float
    bare_loop_s: float
    operator_writes: int
    bare_loop_writes: int
    restart_s: float
    restart_writes: int
    steady_writes: int
    steady_cpu: float
    memory_mb: float

    @property
    def ratio(self) -> float:
        """The operator's time over that of the bare loop."""
        return self.ready_s / self.bare_loop_s

    def missed(self) -> list[str]:
        """The bounds that were exceeded."""
        bounds = {
            f"{self.ratio:.2f} x the bare loop, at most {MAX_RATIO}": self.ratio > MAX_RATIO,
            f"{self.restart_s:.1f} s after a restart, at most {MAX_RESTART_S}": self.restart_s > MAX_RESTART_S,
            f"{self.restart_writes} writes after a restart": self.restart_writes > 0,
            f"{self.steady_writes} writes in steady state": self.steady_writes > 0,
            f"{self.steady_cpu:.1%} of a core in steady state, at most 2 %": self.steady_cpu > MAX_STEADY_CPU,
            f"{self.memory_mb:.0f} MB, at most {MAX_MEMORY_MB:.0f}": self.memory_mb > MAX_MEMORY_MB,
        }
        return [text for text, missed in bounds.items() if missed]


def measure(control_plane: ControlPlane, folder: Path, count: int) -> Result:
    """One run with `count` pipelines, on a new control plane."""
    with ExitStack() as stack:
        here = stack.enter_context(site(control_plane.server, folder))
        operator = _prepare(here, stack)
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
        bare_s = _bare(here, stack, recordings, control_plane, folder)
        _say(f"bare loop: {sum(w.count for w in recordings)} writes in {bare_s:.1f} s")

        log = here.api_server.audit.from_now()
        started = time.monotonic()
        operator = here.start_operator()
        _wait(lambda: operator.metric(LOOKED_AT) >= count, "all looked at", lambda: operator.metric(LOOKED_AT))
        restart_s = time.monotonic() - started
        quiet_s = _settle(operator.pid)
        restart_writes = len(log.writes(here.user))
        _say(f"restarted: all looked at after {restart_s:.1f} s, quiet {quiet_s:.0f} s later; {restart_writes} writes")

        log = here.api_server.audit.from_now()
        used, since = cpu_s(operator.pid), time.monotonic()
        time.sleep(STEADY_S)
        steady_cpu = (cpu_s(operator.pid) - used) / (time.monotonic() - since)
        steady_writes = len(log.writes(here.user))
        memory_mb = max(memory_mb, most_memory_mb(operator.pid))
        _say(f"steady: {steady_cpu:.2%} of a core; {steady_writes} writes; {memory_mb:.0f} MB at most")
    return Result(
        pipelines=count,
        ready_s=ready_s,
        bare_loop_s=bare_s,
        operator_writes=len(writes),
        bare_loop_writes=sum(w.count for w in recordings),
        restart_s=restart_s,
        restart_writes=restart_writes,
        steady_writes=steady_writes,
        steady_cpu=steady_cpu,
        memory_mb=memory_mb,
    )


def main() -> None:
    """Measure, print and record the results, and check the bounds."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.operator", description=__doc__)
    parser.add_argument("--pipelines", type=int, default=1000)
    parser.add_argument("--curve", action="store_true", help=f"run with {CURVE} pipelines, one after another")
    arguments = parser.parse_args()
    results = []
    for count in CURVE if arguments.curve else (arguments.pipelines,):
        with (
            tempfile.TemporaryDirectory(prefix="darkroom-bench-") as folder,
            running_control_plane(Path(folder) / "kubernetes") as control_plane,
        ):
            results.append(measure(control_plane, Path(folder), count))
    machine = {"cores": os.cpu_count(), "load": os.getloadavg()[0], "machine": platform.machine()}
    recording: dict[str, Any] = {"on": machine, "results": [asdict(r) | {"ratio": r.ratio} for r in results]}
    RESULTS.write_text(json.dumps(recording, indent=1) + "\n")
    for result in results:
        print(f"\n{result.pipelines} pipelines")
        for name, value in (asdict(result) | {"ratio": result.ratio}).items():
            print(f"  {name:18} {value:10.3f}" if isinstance(value, float) else f"  {name:18} {value:10}")
        for text in result.missed():
            print(f"  MISSED: {text}")
    sys.exit(1 if any(result.missed() for result in results) else 0)


def _prepare(here: Site, stack: ExitStack) -> OperatorProcess:
    _start_strimzi(here, stack)
    here.put_model()
    return here.start_operator()


def _start_strimzi(here: Site, stack: ExitStack) -> None:
    """Start the stand-in as a separate process, so that it does not share an interpreter with the benchmark."""
    install_kafka(here.api, here.kafka_namespace, CLUSTER, [KafkaListener("plain", "127.0.0.1:9092")])
    command = [
        sys.executable, "-m", "tests.support.strimzi", "--kubeconfig", here.api_server.kubeconfig,
        "--namespace", here.kafka_namespace, "--cluster", CLUSTER, "--without-kafka",
    ]  # fmt: skip
    process = ChildProcess(command, here.folder / f"strimzi-{here.kafka_namespace}.log")
    stack.callback(process.terminate)


def _bare(here: Site, stack: ExitStack, recordings: list[Any], control_plane: ControlPlane, folder: Path) -> float:
    with site(control_plane.server, folder) as other:
        _start_strimzi(other, stack)
        started = time.monotonic()
        make(other.api, recordings, here, other)
        return time.monotonic() - started


def _wait(condition: Any, what: str, progress: Any) -> None:
    deadline, told = time.monotonic() + LIMIT_S, time.monotonic()
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not {what} after {LIMIT_S:.0f} s: {progress()}")
        if time.monotonic() - told > TELL_S:
            told = time.monotonic()
            _say(f"... {progress():.0f}")
        time.sleep(0.5)


def _settle(pid: int) -> float:
    """Wait until the process is idle after kopf's first list. Returns how long that took."""
    started = time.monotonic()
    while time.monotonic() - started < SETTLE_S:
        before = cpu_s(pid)
        time.sleep(SETTLE_LOOK_S)
        if cpu_s(pid) - before < MAX_STEADY_CPU * SETTLE_LOOK_S:
            break
    return time.monotonic() - started


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


if __name__ == "__main__":
    main()
