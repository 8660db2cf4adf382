"""The Pod status that a kubelet would write, for every behaviour in tests."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.support.kube.api import Manifest

Status = dict[str, Any]


@dataclass(frozen=True)
class Ready:
    """All containers run and are ready. `init_message` is the termination message of the init containers."""

    init_message: str = ""


@dataclass(frozen=True)
class Starting:
    """The containers are being created, permanently."""


@dataclass(frozen=True)
class NotReady:
    """All containers run; the readiness probe fails."""


@dataclass(frozen=True)
class Unschedulable:
    """No node can run the Pod."""

    message: str = "0/1 nodes are available: 1 Insufficient cpu."


@dataclass(frozen=True)
class ImagePullBackOff:
    """The image can't be pulled."""


@dataclass(frozen=True)
class CrashLooping:
    """A container (the first, or the one named, which may be an init container) crashes repeatedly.

    `message` is its termination message: what it wrote to /dev/termination-log, or the end of its log.
    """

    message: str = ""
    exit_code: int = 1
    reason: str = "Error"
    restarts: int = 3
    container: str = ""


Behaviour = Ready | Starting | NotReady | Unschedulable | ImagePullBackOff | CrashLooping

READY = Ready()


def pod_status(pod: Manifest, behaviour: Behaviour) -> Status | None:
    """The status for `behaviour`, or None if the Pod already has it."""
    wanted = _status(pod, behaviour)
    said = pod.get("status", {})
    same = said.get("phase") == wanted["phase"] and _conditions(said) == _conditions(wanted)
    containers = ("containerStatuses", "initContainerStatuses")
    same = same and all(_states(said.get(key, [])) == _states(wanted.get(key, [])) for key in containers)
    return None if same else wanted


def _status(pod: Manifest, behaviour: Behaviour) -> Status:
    spec = pod["spec"]
    inits, mains = spec.get("initContainers", []), spec["containers"]
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    running = {"running": {"startedAt": now}}
    done = {"terminated": {"exitCode": 0, "reason": "Completed", "startedAt": now, "finishedAt": now}}
    waiting = {"waiting": {"reason": "PodInitializing" if inits else "ContainerCreating"}}
    all_waiting = [_container(container, waiting) for container in inits], [_container(c, waiting) for c in mains]
    initialized = [_container(container, done, ready=True) for container in inits]
    match behaviour:
        case Ready(message):
            ended = {"terminated": {**done["terminated"], "message": message}}
            initialized = [_container(container, ended, ready=True) for container in inits]
            states = initialized, [_container(container, running, ready=True) for container in mains]
            return _pod(pod, now, "Running", *states, ready=True)
        case NotReady():
            states = initialized, [_container(container, running) for container in mains]
            return _pod(pod, now, "Running", *states)
        case Starting():
            return _pod(pod, now, "Pending", *all_waiting, initialized=not inits)
        case Unschedulable(message):
            condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
            return {"phase": "Pending", "conditions": [condition]}
        case ImagePullBackOff():
            pulling = [
                _container(c, _waiting("ImagePullBackOff", f'Back-off pulling image "{c["image"]}"')) for c in mains
            ]
            return _pod(pod, now, "Pending", initialized, pulling)
        case CrashLooping():
            return _crash_looping(pod, behaviour, now, all_waiting, initialized)


def _crash_looping(
    pod: Manifest,
    crash: CrashLooping,
    now: str,
    all_waiting: tuple[list[Status], list[Status]],
    initialized: list[Status],
) -> Status:
    spec = pod["spec"]
    name = crash.container or spec["containers"][0]["name"]
    back_off = f"back-off 5m0s restarting failed container={name} pod={pod['metadata']['name']}"
    ended = {
        "exitCode": crash.exit_code,
        "reason": crash.reason,
        "message": crash.message,
        "startedAt": now,
        "finishedAt": now,
    }
    crashed = {
        "state": _waiting("CrashLoopBackOff", back_off),
        "lastState": {"terminated": ended},
        "restartCount": crash.restarts,
        "started": False,
    }
    inits, mains = all_waiting
    if any(container["name"] == name for container in inits):
        inits = [{**status, **crashed} if status["name"] == name else status for status in inits]
        return _pod(pod, now, "Pending", inits, mains, initialized=False)
    running = [_container(container, {"running": {"startedAt": now}}, ready=True) for container in spec["containers"]]
    states = [{**status, **crashed, "ready": False} if status["name"] == name else status for status in running]
    return _pod(pod, now, "Running", initialized, states)


def _pod(
    pod: Manifest,
    now: str,
    phase: str,
    inits: list[Status],
    mains: list[Status],
    *,
    ready: bool = False,
    initialized: bool = True,
) -> Status:
    since = {"lastTransitionTime": now}
    unready = {} if ready else {"reason": "ContainersNotReady", "message": "containers with unready status"}
    address = hashlib.sha256(pod["metadata"]["uid"].encode()).digest()
    ip = f"10.{address[0]}.{address[1]}.{address[2] or 1}"
    return {
        "phase": phase,
        "conditions": [
            {"type": "PodScheduled", "status": "True", **since},
            {"type": "Initialized", "status": str(initialized), **since},
            {"type": "ContainersReady", "status": str(ready), **since, **unready},
            {"type": "Ready", "status": str(ready), **since, **unready},
        ],
        "containerStatuses": mains,
        **({"initContainerStatuses": inits} if inits else {}),
        "startTime": now,
        "podIP": ip,
        "podIPs": [{"ip": ip}],
    }


def _container(container: Manifest, state: Status, *, ready: bool = False) -> Status:
    return {
        "name": container["name"],
        "image": container["image"],
        "imageID": "",
        "ready": ready,
        "started": "running" in state,
        "restartCount": 0,
        "state": state,
        "lastState": {},
    }


def _waiting(reason: str, message: str) -> Status:
    return {"waiting": {"reason": reason, "message": message}}


def _conditions(status: Status) -> dict[str, str]:
    return {condition["type"]: condition["status"] for condition in status.get("conditions", [])}


def _states(statuses: list[Status]) -> list[tuple[Any, ...]]:
    """The containers' states without times, for comparison."""
    return [
        (
            status["name"],
            status["ready"],
            status["restartCount"],
            _timeless(status["state"]),
            _timeless(status.get("lastState")),
        )
        for status in statuses
    ]


def _timeless(state: Status | None) -> list[tuple[str, dict[str, Any]]]:
    times = ("startedAt", "finishedAt")
    return [
        (kind, {key: value for key, value in about.items() if key not in times})
        for kind, about in (state or {}).items()
    ]
