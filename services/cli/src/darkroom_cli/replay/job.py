"""A Job that runs a replay in the cluster, made from the Deployment of the stage's workers.

The Deployment has everything that a replay needs: image, settings, credentials, model and scheduling. The Job is
derived from it, so the user does not have to repeat any of it.
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
_FOR_DEPLOYMENTS_ONLY: Final = {"startupProbe", "readinessProbe"}


def read_deployment(file: Path) -> Manifest:
    """The Deployment in a JSON file.

    Raises:
        InvalidInput: the file can't be read, or is not the Deployment of a stage's workers.
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
    """The Job that replays the images of the stage of `deployment`, with `arguments`.

    It keeps the pipeline's labels, which NetworkPolicies select, but not the stage's: the Deployment, its disruption
    budget and its PodMonitor must not select the Job's pods.
    """
    metadata, template = deployment["metadata"], deployment["spec"]["template"]
    kept = {key: value for key, value in template["metadata"]["labels"].items() if key != names.LABEL_STAGE}
    labels = {**kept, _LABEL_REPLAY: template["metadata"]["labels"].get(names.LABEL_STAGE, metadata["name"])}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": _name(metadata["name"], generation),
            "namespace": metadata.get("namespace", "default"),
            "labels": labels,
        },
        "spec": {
            # A replaced pod continues the replay: the range and the progress are in Kafka.
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
    kept = {field: value for field, value in worker.items() if field not in _FOR_DEPLOYMENTS_ONLY}
    # The arguments are `run` and the options for settings and port.
    _, *options = worker["args"]
    pod = {field: value for field, value in spec.items() if field != "topologySpreadConstraints"}
    return {
        **pod,
        "restartPolicy": "Never",
        "containers": [{**kept, "args": ["replay", *options, *arguments]}, *others],
    }


def _name(deployment: str, generation: str) -> str:
    whole = f"{deployment}-replay-{generation}"
    if len(whole) <= _NAME_MAX_LENGTH:
        return whole
    return f"{deployment[:46].rstrip('-')}-replay-{hashlib.sha256(whole.encode()).hexdigest()[:8]}"
