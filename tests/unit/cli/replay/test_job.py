"""The Job of a replay, made from the operator's Deployment of a stage's workers."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from darkroom_cli.replay.job import replay_job

BUILT = Path(__file__).parents[2] / "operator/builders/built"
ARGUMENTS = ["--generation=new-model", "--from=beginning"]


def deployments() -> list[dict[str, Any]]:
    return [
        document
        for file in sorted(BUILT.glob("*.objects.yaml"))
        for document in yaml.load_all(file.read_text(encoding="utf-8"), yaml.CSafeLoader)
        if document["kind"] == "Deployment"
    ]


@pytest.mark.parametrize("deployment", deployments(), ids=lambda deployment: deployment["metadata"]["name"])
def test_a_job_has_the_workers_image_settings_and_credentials(deployment: dict[str, Any]) -> None:
    job = replay_job(deployment, "new-model", ARGUMENTS)
    theirs, ours = deployment["spec"]["template"]["spec"], job["spec"]["template"]["spec"]
    assert job["metadata"]["namespace"] == deployment["metadata"]["namespace"]
    assert job["metadata"]["name"] == f"{deployment['metadata']['name']}-replay-new-model"
    assert ours["restartPolicy"] == "Never"
    (worker,), (container,) = theirs["containers"], ours["containers"]
    assert container["args"] == ["replay", *worker["args"][1:], *ARGUMENTS]
    for field in ("image", "command", "env", "volumeMounts", "resources", "securityContext"):
        assert container[field] == worker[field]
    for field in ("volumes", "serviceAccountName", "securityContext", "terminationGracePeriodSeconds"):
        assert ours[field] == theirs[field]
    # The replay writes the settings of its processes to the temporary folder.
    assert any(mount["mountPath"] == "/tmp" for mount in container["volumeMounts"])


@pytest.mark.parametrize("deployment", deployments(), ids=lambda deployment: deployment["metadata"]["name"])
def test_its_pods_are_none_that_the_deployment_or_its_budget_counts(deployment: dict[str, Any]) -> None:
    labels = replay_job(deployment, "new-model", ARGUMENTS)["spec"]["template"]["metadata"]["labels"]
    selected = deployment["spec"]["selector"]["matchLabels"]
    assert not selected.items() <= labels.items()
    # The NetworkPolicy of the samples' plain Kafka selects this label.
    assert "darkroom.dev/pipeline" in labels


def test_a_name_that_is_too_long_is_cut_and_stays_its_own() -> None:
    (deployment, *_) = deployments()
    deployment["metadata"]["name"] = "x" * 60
    one, other = (replay_job(deployment, name, [])["metadata"]["name"] for name in ("one", "other"))
    assert len(one) <= 63
    assert one != other
