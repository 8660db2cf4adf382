"""A service with a token file: who may do what, from the start to a change of the file."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.http.test_operations import cannot_start
from tests.support.services.ingestion import JPEG, Pipeline, Service
from tests.support.until import until

READER, SUBMITTER = "the-token-of-a-reader", "the-token-of-a-submitter"


def write(file: Path, pipeline: Pipeline, **rights: list[str]) -> None:
    tokens = {"reader": READER, "submitter": SUBMITTER}
    entries = [
        {"name": name, "token": tokens[name], "pipelines": [f"{pipeline.namespace}/*"], "rights": of_caller}
        for name, of_caller in rights.items()
    ]
    new = file.with_suffix(".new")
    new.write_text(json.dumps({"tokens": entries}))
    new.chmod(0o600)
    new.replace(file)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("workers", [1, 2])
def test_callers_of_a_token_file(
    start_service: Callable[..., Service], pipeline: Pipeline, two_stages: Pipeline, tmp_path: Path, workers: int
) -> None:
    file = tmp_path / "tokens.json"
    write(file, pipeline, reader=["Read"], submitter=["Submit"])
    service = start_service(pipeline, two_stages, options=["--token-file", str(file), "--workers", str(workers)])
    images = f"{pipeline.path}/images"

    def get(path: str, token: str | None = READER, **query: Any) -> tuple[int, Any]:
        with service.client as client:
            answer = client.get(path, headers={} if token is None else bearer(token), params=query)
        return answer.status_code, answer.json()

    def post(token: str | None) -> tuple[int, Any]:
        headers = {"Content-Type": "image/jpeg", **({} if token is None else bearer(token))}
        with service.client as client:
            answer = client.post(images, content=JPEG, headers=headers)
        return answer.status_code, answer.json()

    assert post(None)[0] == 401
    assert post(READER)[0] == 403
    status, image = post(SUBMITTER)
    assert status == 202
    document = f"{images}/{image['id']}"
    until(lambda: get(document)[0] == 200, "the image is known")
    assert get(document, SUBMITTER)[0] == 403
    assert get(document, None)[0] == 401

    # Lists have what the caller may read; a pipeline of others is refused as one that does not exist.
    assert [found["namespace"] for found in get("/v1/pipelines")[1]["pipelines"]] == [pipeline.namespace]
    assert get("/v1/pipelines", SUBMITTER)[1]["pipelines"] == []
    assert two_stages.namespace not in json.dumps(get("/asyncapi.json")[1])
    assert get("/v1/live", pipeline=f"{two_stages.namespace}/digits")[0] == 403
    refusal = get(two_stages.path)
    unknown = two_stages.path.replace(two_stages.namespace, "none")
    assert refusal[0] == 403
    assert json.dumps(get(unknown)[1]) == json.dumps(refusal[1]).replace(two_stages.namespace, "none")

    assert get("/metrics")[0] == 403
    assert get("/healthz", None)[0] == 200

    # Who may only submit can't wait for results, which would be reading them.
    with service.client as client:
        headers = {"Content-Type": "image/jpeg", "Prefer": "wait=60", **bearer(SUBMITTER)}
        answer = client.post(images, content=JPEG, headers=headers)
    assert (answer.status_code, "preference-applied" in answer.headers) == (202, False)

    with service.client as client, client.stream("GET", f"{pipeline.path}/events", headers=bearer(READER)) as stream:
        assert stream.status_code == 200
        write(file, pipeline, submitter=["Read"])
        assert "the credential is no longer valid" in "".join(stream.iter_text())
    until(lambda: get(document, SUBMITTER)[0] == 200, "the submitter may read")
    until(lambda: get(document)[0] == 401, "the reader's token is no longer valid")
    assert post(SUBMITTER)[0] == 403


def test_a_service_that_would_let_everybody_in_does_not_start(tmp_path: Path) -> None:
    catalog = tmp_path / "catalog.json"
    catalog.write_text('{"entries": []}')
    assert "--insecure" in cannot_start("--catalog", str(catalog), "--host", "0.0.0.0")
    file = str(tmp_path / "none.json")
    assert "none.json can't be read" in cannot_start("--catalog", str(catalog), "--token-file", file, "--workers", "2")
