"""How the workers of a stage are doing, from their Deployment and their pods."""

from collections.abc import Iterable, Iterator
from typing import Any

from darkroom_operator.kube.transport import Manifest
from darkroom_operator.status.findings import Finding

CHECKSUM_WORDS = "sha256 is "
"""How a worker begins to say that its model is not the one that the pipeline means."""

MAX_LINE = 500

_PULL_PROBLEMS = {"ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError"}
_START_PROBLEMS = {"CreateContainerConfigError", "CreateContainerError", "RunContainerError"}
MOST_TELLING = ("ModelChecksumMismatch", "ImagePullBackOff", "CrashLooping", *sorted(_START_PROBLEMS), "Unschedulable")


def workers_finding(stage: str, deployment: Manifest, pods: Iterable[Manifest]) -> Finding:
    """Whether every worker of `stage` runs as its Deployment says and is ready, and what holds up the others."""
    about, wanted = f'stage "{stage}"', deployment["spec"].get("replicas", 1)
    status = deployment.get("status", {})
    current = status.get("observedGeneration", 0) >= deployment["metadata"].get("generation", 0)
    ready, updated, there = (status.get(f, 0) for f in ("readyReplicas", "updatedReplicas", "replicas"))
    if current and ready == updated == there == wanted:
        return Finding(ready=True, reason="AllReady", message=f"{about}: {ready} of {wanted} workers are ready")
    if trouble := _trouble(deployment, pods):
        reason, message = trouble
        # A worker names its stage itself.
        return Finding(ready=False, reason=reason, message=f"{about}: {message.removeprefix(f'{about}: ')}")
    if there > wanted or updated < there:
        message = f"{about}: {min(updated, wanted)} of {wanted} workers are of the latest version"
        return Finding(ready=False, reason="RollingOut", message=message)
    message = f"{about}: {ready} of {wanted} workers are ready"
    return Finding(ready=False, reason="WorkersStarting", message=message)


def _trouble(deployment: Manifest, pods: Iterable[Manifest]) -> tuple[str, str] | None:
    """The most telling of all that is wrong, in a word and in a sentence."""
    living = (pod for pod in pods if "deletionTimestamp" not in pod["metadata"])
    found = [problem for pod in living for problem in _pod_troubles(pod)]
    if found:
        return min(found, key=lambda problem: MOST_TELLING.index(problem[0]))
    for condition in deployment.get("status", {}).get("conditions", []):
        if condition["type"] == "ReplicaFailure" and condition["status"] == "True":
            message = condition.get("message", "")
            return ("QuotaExceeded" if "exceeded quota" in message else "PodsRefused"), message
    return None


def _pod_troubles(pod: Manifest) -> Iterator[tuple[str, str]]:
    name, status = pod["metadata"]["name"], pod.get("status", {})
    for condition in status.get("conditions", []):
        if condition["type"] == "PodScheduled" and condition.get("reason") == "Unschedulable":
            yield "Unschedulable", f"pod {name} can't be placed on a node: {condition.get('message', '')}"
    for container in status.get("containerStatuses", []):
        waiting = container.get("state", {}).get("waiting", {})
        why = waiting.get("reason", "")
        if why in _PULL_PROBLEMS:
            yield "ImagePullBackOff", f"image {container.get('image', '')}: {waiting.get('message') or why}"
        elif why in _START_PROBLEMS:
            yield why, f"pod {name}: {waiting.get('message') or why}"
        elif (ended := _ended_badly(container)) is not None:
            line = _last_line(ended)
            yield ("ModelChecksumMismatch" if CHECKSUM_WORDS in line else "CrashLooping"), line


def _ended_badly(container: dict[str, Any]) -> dict[str, Any] | None:
    """How the container last ended, if that was with an error and it has not become ready since."""
    if container.get("ready"):
        return None
    for state in (container.get("state", {}), container.get("lastState", {})):
        ended: dict[str, Any] | None = state.get("terminated")
        if ended is not None and ended.get("exitCode", 0) != 0:
            return ended
    return None


def _last_line(ended: dict[str, Any]) -> str:
    """The last that the worker said, or else how it ended."""
    lines = [line.strip() for line in ended.get("message", "").splitlines() if line.strip()]
    if ended.get("reason") == "OOMKilled":
        return "a worker was killed because it needed more memory: raise resources.limits.memory"
    return lines[-1][:MAX_LINE] if lines else f"a worker ended with exit code {ended['exitCode']} and said nothing"
