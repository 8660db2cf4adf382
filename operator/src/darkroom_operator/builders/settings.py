"""ConfigMaps: the settings document of a stage."""

import hashlib
import math
from pathlib import Path

from darkroom.api.pipeline import ImagePipeline, Resources, Stage, Template
from darkroom.api.quantities import parse_cpus
from darkroom.api.topics import DeadLetters, Results
from darkroom.stage_settings import StageSettings, stage_settings
from darkroom.topology import StagePlan
from darkroom_operator.builders.metadata import child_metadata
from darkroom_operator.builders.workload import SETTINGS_FILE, Workload, path_of, self_test_role
from darkroom_operator.kube.kinds import CONFIG_MAP
from darkroom_operator.kube.transport import Manifest

MAX_LOOPS = 256


def settings_map(pipeline: ImagePipeline, stage: StagePlan, workload: Workload) -> Manifest:
    """The ConfigMap that holds the StageSettings of `stage`."""
    return {
        "apiVersion": CONFIG_MAP.api_version,
        "kind": CONFIG_MAP.name,
        "metadata": child_metadata(pipeline, stage.name),
        "data": {SETTINGS_FILE: settings_document(pipeline, stage, workload)},
    }


def settings_digest(pipeline: ImagePipeline, stage: StagePlan, workload: Workload) -> str:
    """A hash that changes when the workers have to restart to read new settings."""
    return hashlib.sha256(settings_document(pipeline, stage, workload).encode()).hexdigest()[:16]


def settings_document(pipeline: ImagePipeline, stage: StagePlan, workload: Workload) -> str:
    """The settings as JSON, without what only the operator uses: scaling must not roll the workers."""
    complete = stage_settings(
        pipeline,
        stage,
        workload.kafka.connection,
        loops=loops(stage.spec),
        model_path=_path("model", workload),
        labels_path=_path("labels", workload),
        self_test_paths={
            position: path
            for position in range(len(stage.spec.self_test))
            if (path := _path(self_test_role(position), workload)) is not None
        },
    )
    grace = Template(termination_grace_period_seconds=stage.spec.template.termination_grace_period_seconds)
    for_worker = stage.spec.model_copy(
        update={
            "replicas": None,
            "autoscaling": None,
            "resources": Resources(),
            "template": grace,
            "results": Results(),
            "dead_letters": DeadLetters(),
        }
    )
    settings: StageSettings = complete.model_copy(update={"stage": for_worker})
    return settings.model_dump_json(by_alias=True, exclude_none=True, indent=1)


def loops(stage: Stage) -> int:
    """Run-to-completion loops of a worker: one for each CPU of its limit or, without a limit, of its request."""
    cpus = stage.resources.limits.get("cpu", stage.resources.requests.get("cpu", 1))
    return min(max(1, math.floor(parse_cpus(cpus))), MAX_LOOPS)


def _path(role: str, workload: Workload) -> Path | None:
    path = path_of(role, workload.files)
    return None if path is None else Path(path)
