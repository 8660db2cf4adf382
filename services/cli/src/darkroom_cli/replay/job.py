"""A Job that runs a replay in the cluster, made of the Deployment of the stage's workers.

The Deployment has everything that such a run needs: the image, the settings, the credentials, the model, the place to
run. So it is read from the cluster rather than made up here, and nothing of it has to be told again.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from darkroom import names
from darkroom_cli.exit_codes import InvalidInput

Manifest = dict[str, Any]

_NAME_MAX_LENGTH: Final = 63
_KEPT_S: Final = 7 * 86_400
_WORKER: Final = "darkroom-worker"
_WRONG_SETTINGS: Final = 2
_LABEL_REPLAY: Final = f"{names.GROUP}/replay"
_OF_A_DEPLOYMENT_ALONE: Final = {"startupProbe", "readinessProbe"}


def read_deployment(file: Path) -> Manifest:
    """The Deployment in a file of JSON.

    Raises:
        InvalidInput: it can't be read, or is none of ours.
    """
    how = "give what `kubectl get deployment PIPELINE-STAGE -o json` prints"
    try:
        document = json.loads(file.read_bytes())
    except OSError as error:
        raise InvalidInput(f"{file}: can't be read: {error.strerror}") from error
    except ValueError as error:
        raise InvalidInput(f"{file}: is not JSON: {how}") from error
    match document:
        case {"kind": "Deployment", "spec": {"template": {"spec": {"containers": [{"command": [command, *_]}, *_]}}}}:
            if command == _WORKER:
                return dict(document)
    raise InvalidInput(f"{file}: is not the Deployment of a stage's workers: {how}")


def replay_job(deployment: Mapping[str, Any], generation: str, arguments: Sequence[str]) -> Manifest:
    """The Job that replays with `arguments` what the workers of `deployment` analyse.

    It keeps the pipeline's labels, which let it reach Kafka, but not the stage's: it is none of the workers that the
    Deployment, its disruption budget and its metrics are about.
    """
    metadata, template = deployment["metadata"], deployment["spec"]["template"]
    own = {key: value for key, value in template["metadata"]["labels"].items() if key != names.LABEL_STAGE}
    labels = {**own, _LABEL_REPLAY: template["metadata"]["labels"].get(names.LABEL_STAGE, metadata["name"])}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": _name(metadata["name"], generation),
            "namespace": metadata.get("namespace", "default"),
            "labels": labels,
        },
        "spec": {
            # A pod that was ended goes on where it was: its range and its place in it are in Kafka.
            "backoffLimit": 10,
            "podFailurePolicy": {
                "rules": [
                    {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]},
                    {
                        "action": "FailJob",
                        "onExitCodes": {
                            "containerName": template["spec"]["containers"][0]["name"],
                            "operator": "In",
                            "values": [_WRONG_SETTINGS],
                        },
                    },
                ]
            },
            "ttlSecondsAfterFinished": _KEPT_S,
            "template": {"metadata": {"labels": labels}, "spec": _pod(template["spec"], arguments)},
        },
    }


def _pod(spec: Mapping[str, Any], arguments: Sequence[str]) -> Manifest:
    worker, *others = spec["containers"]
    kept = {field: value for field, value in worker.items() if field not in _OF_A_DEPLOYMENT_ALONE}
    # `run`, and where its settings and its port are.
    _, *same = worker["args"]
    pod = {field: value for field, value in spec.items() if field != "topologySpreadConstraints"}
    return {
        **pod,
        "restartPolicy": "Never",
        "containers": [{**kept, "args": ["replay", *same, *arguments]}, *others],
    }


def _name(deployment: str, generation: str) -> str:
    whole = f"{deployment}-replay-{generation}"
    if len(whole) <= _NAME_MAX_LENGTH:
        return whole
    return f"{deployment[:46].rstrip('-')}-replay-{hashlib.sha256(whole.encode()).hexdigest()[:8]}"
