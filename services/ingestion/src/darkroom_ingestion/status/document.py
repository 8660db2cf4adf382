"""The document of a pipeline's status. Pure."""

from typing import Any

from darkroom_ingestion.status.advice import pipeline_advice, stage_advice
from darkroom_ingestion.status.facts import PipelineFacts, StageFacts
from darkroom_ingestion.times import rfc3339

_AUTOSCALING = ("desired", "reason", "lag", "drainSeconds", "ratePerSecond")
_OF_SHARE_GROUPS = (
    "The lag and the workers of a share group can't be read by this service yet. "
    "`kafka-share-groups.sh --describe --group {}` of Kafka shows them."
)
_CONDITION = ("type", "status", "reason", "message", "lastTransitionTime")


def status_document(facts: PipelineFacts) -> dict[str, Any]:
    """The document of `GET …/status`. Unknown values are null."""
    return {
        "namespace": facts.namespace,
        "name": facts.name,
        "suspended": facts.suspended,
        "conditions": None
        if facts.conditions is None
        else [{name: condition.get(name) for name in _CONDITION} for condition in facts.conditions],
        "advice": pipeline_advice(facts),
        "images": {
            "topic": facts.images_topic,
            "ratePerSecond": _rounded(facts.images_rate),
            "partitions": [
                {"partition": number, "beginning": beginning, "end": end}
                for number, (beginning, end) in sorted((facts.images or {}).items())
            ],
        },
        "stages": [_stage(stage, facts) for stage in facts.stages],
    }


def _stage(stage: StageFacts, facts: PipelineFacts) -> dict[str, Any]:
    oldest, letters = stage.oldest_waiting_ms, stage.dead_letters
    return {
        "name": stage.name,
        "consumerGroup": stage.group,
        "mode": stage.mode,
        "groupState": stage.group_state,
        "workers": [
            {"id": worker.id, "host": worker.host, "partitions": list(worker.partitions)} for worker in stage.workers
        ],
        "lag": stage.lag,
        "lagUnknown": _OF_SHARE_GROUPS.format(stage.group) if stage.mode == "Queue" else None,
        "ratePerSecond": _rounded(stage.rate),
        "oldestWaitingAt": None if oldest is None else rfc3339(oldest),
        "partitions": [
            {
                "partition": one.partition,
                "committed": one.committed,
                "end": one.end,
                "lag": one.lag,
                "worker": one.worker,
            }
            for one in stage.partitions
        ],
        "autoscaling": None
        if stage.autoscaling is None
        else {name: stage.autoscaling.get(name) for name in _AUTOSCALING},
        "deadLetters": {
            "total": None if letters is None else sum(letters.values()),
            "byReason": [{"reason": reason, "count": count} for reason, count in (letters or {}).items()],
        },
        "lastErrors": [
            {"at": letter.at, "image": letter.image, "reason": letter.reason, "message": letter.message}
            for letter in stage.last_errors
        ],
        "advice": stage_advice(stage, facts),
    }


def _rounded(rate: float | None) -> float | None:
    return None if rate is None else round(rate, 2)
