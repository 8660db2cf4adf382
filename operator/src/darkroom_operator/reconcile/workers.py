"""The state of the workers of a stage, from their Deployment and pods."""

from collections.abc import Iterable, Iterator
from typing import Any

from darkroom.api.self_test import SELF_TEST_FAILED
from darkroom.kafka.features import NO_SHARE_GROUPS
from darkroom_operator.builders.execution_report import REPORT
from darkroom_operator.kube.transport import Manifest
from darkroom_operator.status.findings import Finding

CHECKSUM_MISMATCH = "sha256 is "
"""Part of the message of a worker whose model has another checksum than the pipeline says."""

MAX_LINE = 500

_PULL_PROBLEMS = {"ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError"}
_START_PROBLEMS = {"CreateContainerConfigError", "CreateContainerError", "RunContainerError"}
PROBLEM_PRIORITY = (
    "ModelChecksumMismatch",
    "SelfTestFailed",
    "NoShareGroups",
    "ImagePullBackOff",
    "CrashLooping",
    *sorted(_START_PROBLEMS),
    "Unschedulable",
)


def workers_finding(
    stage: str, deployment: Manifest, pods: Iterable[Manifest], *, is_autoscaled: bool = False
) -> Finding:
    """Whether every worker of `stage` is up to date and ready and, if not, the most important problem.

    With autoscaling, workers that start or stop are no reason not to be ready.
    """
    about, wanted = f'stage "{stage}"', deployment["spec"].get("replicas", 1)
    status = deployment.get("status", {})
    current = status.get("observedGeneration", 0) >= deployment["metadata"].get("generation", 0)
    ready, updated, existing = (status.get(f, 0) for f in ("readyReplicas", "updatedReplicas", "replicas"))
    if current and ready == updated == existing == wanted:
        return Finding(ready=True, reason="AllReady", message=f"{about}: {ready} of {wanted} workers are ready")
    if problem := _problem(deployment, pods):
        reason, message = problem
        # Workers begin their messages with the stage.
        return Finding(ready=False, reason=reason, message=f"{about}: {message.removeprefix(f'{about}: ')}")
    if is_autoscaled and current and updated == existing:
        return Finding(ready=True, reason="AllReady", message=f"{about}: {ready} of {wanted} workers are ready")
    if existing > wanted or updated < existing:
        message = f"{about}: {min(updated, wanted)} of {wanted} workers are up to date"
        return Finding(ready=False, reason="RollingOut", message=message)
    message = f"{about}: {ready} of {wanted} workers are ready"
    return Finding(ready=False, reason="WorkersStarting", message=message)


def execution_of(pods: Iterable[Manifest]) -> str:
    """How workers with a GPU run the model, as their pods report it: the CPU if any of them does not use its GPU."""
    reports = [
        container.get("state", {}).get("terminated", {}).get("message", "").strip()
        for pod in _running(pods)
        for container in pod.get("status", {}).get("initContainerStatuses", [])
        if container["name"] == REPORT
    ]
    found = sorted(filter(None, reports), key=lambda report: not report.startswith("Cpu"))
    return found[0][:MAX_LINE] if found else ""


def _running(pods: Iterable[Manifest]) -> Iterator[Manifest]:
    """The pods that are not being deleted."""
    return (pod for pod in pods if "deletionTimestamp" not in pod["metadata"])


def _problem(deployment: Manifest, pods: Iterable[Manifest]) -> tuple[str, str] | None:
    """The reason and message of the most important problem."""
    found = [problem for pod in _running(pods) for problem in _pod_problems(pod)]
    if found:
        return min(found, key=lambda problem: PROBLEM_PRIORITY.index(problem[0]))
    for condition in deployment.get("status", {}).get("conditions", []):
        if condition["type"] == "ReplicaFailure" and condition["status"] == "True":
            message = condition.get("message", "")
            return ("QuotaExceeded" if "exceeded quota" in message else "PodsRefused"), message
    return None


def _pod_problems(pod: Manifest) -> Iterator[tuple[str, str]]:
    name, status = pod["metadata"]["name"], pod.get("status", {})
    for condition in status.get("conditions", []):
        if condition["type"] == "PodScheduled" and condition.get("reason") == "Unschedulable":
            yield "Unschedulable", f"pod {name} cannot be scheduled: {condition.get('message', '')}"
    for container in (*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])):
        waiting = container.get("state", {}).get("waiting", {})
        why = waiting.get("reason", "")
        if why in _PULL_PROBLEMS:
            yield "ImagePullBackOff", f"image {container.get('image', '')}: {waiting.get('message') or why}"
        elif why in _START_PROBLEMS:
            yield why, f"pod {name}: {waiting.get('message') or why}"
        elif (ended := _ended_badly(container)) is not None:
            line = _last_line(ended)
            yield _reason(line), line


def _reason(line: str) -> str:
    """Why a worker cannot start, by its message."""
    if SELF_TEST_FAILED in line:
        return "SelfTestFailed"
    if NO_SHARE_GROUPS in line:
        return "NoShareGroups"
    return "ModelChecksumMismatch" if CHECKSUM_MISMATCH in line else "CrashLooping"


def _ended_badly(container: dict[str, Any]) -> dict[str, Any] | None:
    """How the container last terminated, if that was with an error and it is not ready now."""
    if container.get("ready"):
        return None
    for state in (container.get("state", {}), container.get("lastState", {})):
        ended: dict[str, Any] | None = state.get("terminated")
        if ended is not None and ended.get("exitCode", 0) != 0:
            return ended
    return None


def _last_line(ended: dict[str, Any]) -> str:
    """The last line of the worker's log, or else how the worker terminated."""
    lines = [line.strip() for line in ended.get("message", "").splitlines() if line.strip()]
    if ended.get("reason") == "OOMKilled":
        return "a worker was killed because it exceeded its memory limit: raise resources.limits.memory"
    return lines[-1][:MAX_LINE] if lines else f"a worker exited with code {ended['exitCode']} and no message"
