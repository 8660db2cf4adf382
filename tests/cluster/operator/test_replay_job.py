"""The API server accepts the Job of a replay."""

from pathlib import Path

import pytest
import yaml

from darkroom_cli.replay.job import replay_job
from tests.support.kube.api_server import ApiServer

BUILT = Path(__file__).parents[2] / "unit/operator/builders/built"


@pytest.mark.parametrize("pipeline", ["small", "full"])
def test_the_api_server_accepts_a_job_made_from_a_deployment(
    api_server: ApiServer, namespace: str, pipeline: str
) -> None:
    api = api_server.admin.api()
    documents = yaml.safe_load_all((BUILT / f"{pipeline}.objects.yaml").read_text(encoding="utf-8"))
    (built,) = (document for document in documents if document["kind"] == "Deployment")
    built["metadata"] = {"name": built["metadata"]["name"], "namespace": namespace}
    deployment = api.create(f"/apis/apps/v1/namespaces/{namespace}/deployments", built)
    job = api.create(
        f"/apis/batch/v1/namespaces/{namespace}/jobs", replay_job(deployment, "new-model", ["--from=beginning"])
    )
    assert job["spec"]["template"]["spec"]["containers"][0]["args"][-1] == "--from=beginning"
    assert [rule["action"] for rule in job["spec"]["podFailurePolicy"]["rules"]] == ["Ignore", "FailJob"]
