"""The environment variables of workers."""

from typing import Any

from darkroom.api.pipeline import Stage
from darkroom_operator.builders.workload import CACHE_FOLDER, Workload


def worker_environment(stage: Stage, workload: Workload) -> list[dict[str, Any]]:
    """The `env` of a worker's container; `template.env` overrides the keys of the Secret of `model.secret`.

    The keys are listed one by one. With `envFrom`, a key that is added to the Secret later could load code.
    """
    tracing = {} if workload.tracing is None else workload.tracing.environment
    own = [
        {"name": "HOME", "value": "/tmp"},  # noqa: S108 - an emptyDir of the pod
        {"name": "DARKROOM_CACHE_DIR", "value": str(CACHE_FOLDER)},
        *({"name": name, "value": value} for name, value in tracing.items()),
    ]
    credentials = [_reference(stage, key) for key in workload.credentials]
    written = [variable.model_dump(by_alias=True, mode="json", exclude_none=True) for variable in stage.template.env]
    return list({variable["name"]: variable for variable in (*own, *credentials, *written)}.values())


def _reference(stage: Stage, key: str) -> dict[str, Any]:
    if stage.model.secret is None:
        raise ValueError(f'stage "{stage.name}" has no model.secret')
    # A key that is removed later must not keep pods from starting.
    return {"name": key, "valueFrom": {"secretKeyRef": {"name": stage.model.secret.name, "key": key, "optional": True}}}
