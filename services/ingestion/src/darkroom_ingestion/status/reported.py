"""Facts from the status of an ImagePipeline, as the operator wrote it. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from darkroom_ingestion.status.facts import PipelineFacts


def with_reported_status(facts: PipelineFacts, status: Mapping[str, Any] | None) -> PipelineFacts:
    """`facts` with the conditions, and the last decision about the workers of each stage; as it is without a status."""
    if status is None:
        return facts
    decided = {stage["name"]: stage.get("autoscaling") for stage in status.get("stages") or ()}
    stages = tuple(replace(stage, autoscaling=decided.get(stage.name)) for stage in facts.stages)
    return replace(facts, conditions=status.get("conditions") or [], stages=stages)
