"""Kubernetes Events about a pipeline, as `kubectl describe imgp` shows them."""

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Literal

import structlog

from darkroom import names
from darkroom.api.status import Condition, Status
from darkroom_operator.kube.api import Kube
from darkroom_operator.kube.errors import ApiError
from darkroom_operator.kube.kinds import EVENT
from darkroom_operator.kube.transport import Manifest

CONTROLLER = "darkroom.dev/operator"
MAX_NOTE_BYTES = 1_000
"""The API server accepts 1024 bytes."""

_TRANSIENT_REASONS = {
    "WaitingForTopicOperator", "WaitingForUserOperator", "WaitingForTopics", "WaitingForCredentials",
    "WaitingForKafka", "WorkersStarting", "RollingOut",
}  # fmt: skip
"""Reasons that usually last for seconds: they are in the status, but no Event is written."""

_NORMAL_REASONS = {"AllReady", "Suspended"}

EventType = Literal["Normal", "Warning"]

log = structlog.get_logger(__name__)


class EventRecorder:
    """Writes Events. An Event that cannot be written is logged and dropped."""

    def __init__(self, kube: Kube, instance: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._kube = kube
        self._instance = instance
        self._now = now

    def record(self, pipeline: Manifest, event_type: EventType, reason: str, action: str, note: str) -> None:
        """Write one Event about `pipeline`."""
        metadata = pipeline["metadata"]
        event = {
            "apiVersion": EVENT.api_version,
            "kind": EVENT.name,
            "metadata": {"name": f"{metadata['name']}.{uuid.uuid4().hex[:16]}", "namespace": metadata["namespace"]},
            "eventTime": self._now().strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "reportingController": CONTROLLER,
            "reportingInstance": self._instance[:128],
            "action": action,
            "type": event_type,
            "reason": reason,
            "note": event_note(note),
            "regarding": {
                "apiVersion": names.API_VERSION,
                "kind": names.KIND,
                "name": metadata["name"],
                "namespace": metadata["namespace"],
                "uid": metadata["uid"],
            },
        }
        try:
            self._kube.create(EVENT, event)
        except ApiError as error:
            log.warning("event could not be written", pipeline=metadata["name"], reason=reason, error=error.message)

    def record_transition(self, pipeline: Manifest, before: Status, after: Status) -> None:
        """Write an Event for each stage with another mode, and one if the reason of the condition Ready has changed."""
        for note in _changed_modes(before, after):
            self.record(pipeline, "Normal", "ModeChanged", "Reconcile", note)
        was, now = _ready(before), _ready(after)
        if now is None or now.reason in _TRANSIENT_REASONS or (was is not None and was.reason == now.reason):
            return
        event_type: EventType = "Normal" if now.reason in _NORMAL_REASONS else "Warning"
        reason = "Ready" if now.status == "True" else now.reason
        self.record(pipeline, event_type, reason, "Reconcile", now.message)


def _changed_modes(before: Status, after: Status) -> Iterator[str]:
    """What happens to the images of stages that read in another group than before."""
    groups = {stage.name: stage.consumer_group for stage in before.stages}
    for stage in after.stages:
        was = groups.get(stage.name, stage.consumer_group)
        if was != stage.consumer_group:
            yield (
                f'stage "{stage.name}": its workers now read as group {stage.consumer_group}, which continues where it '
                f"has stopped or, if it is new, begins with the oldest image. No image is left out; those that group "
                f"{was} has analysed since are analysed again, and their results have the same ce_id"
            )


def event_note(note: str) -> str:
    """`note`, truncated to a size that the API server accepts."""
    return note.encode()[:MAX_NOTE_BYTES].decode(errors="ignore")


def _ready(status: Status) -> Condition | None:
    return next((condition for condition in status.conditions if condition.type == "Ready"), None)
