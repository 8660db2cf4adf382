"""Two namespaces with a pipeline of the same name each, their callers, and one ingestion service on a real Kafka."""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from darkroom.access.right import Right
from tests.support.isolation.operations import Ids, Operation
from tests.support.kafka import SharedKafka
from tests.support.services.ingestion import JPEG, Pipeline, Service, headers_of, make_pipeline
from tests.support.until import until


@dataclass(frozen=True)
class Tenant:
    """A namespace: its caller, who has all rights in it, its pipeline, and the ids of what the pipeline has."""

    token: str
    pipeline: Pipeline
    ids: Ids
    service: Service

    def send(self, operation: Operation, ids: Ids) -> httpx.Response:
        """Send a request with the token of this namespace. Of an endless response, only the head is read."""
        with self.client() as client, client.stream(**operation.request(ids)) as answer:
            if not (operation.endless and answer.is_success):
                answer.read()
            return answer

    def client(self) -> httpx.Client:
        client = self.service.client
        client.headers["Authorization"] = f"Bearer {self.token}"
        return client

    def get(self, path: str, **query: str) -> Any:
        """A JSON document."""
        with self.client() as client:
            answer = client.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, **options: Any) -> dict[str, Any]:
        """Post an image."""
        headers = {"Content-Type": "image/jpeg", **options.pop("headers", {})}
        with self.client() as client:
            answer = client.post(f"{self.pipeline.path}/images", headers=headers, **options)
        assert answer.status_code == 202, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def images(self) -> list[str]:
        """The ids of all records in the images topic of the pipeline."""
        return sorted(headers_of(record)["ce_id"] for record in self.pipeline.records(self.pipeline.images_topic))


def made_up(ids: Ids) -> dict[str, str]:
    """Ids of nothing that exists, as long as those in `ids`; of the same namespace."""
    return {
        **ids,
        "name": "d" + "x" * (len(ids["name"]) - 1),
        **only_ids(made_up_things(ids)),
    }


def made_up_things(ids: Ids) -> dict[str, str]:
    """Ids of nothing that exists, in an existing pipeline."""
    return {
        **ids,
        "image_id": str(uuid.uuid4()),
        "redrive_id": str(uuid.uuid4()),
        "stage": "z" * len(ids["stage"]),
    }


def only_ids(ids: Ids) -> dict[str, str]:
    """`ids` without the names of the pipeline."""
    return {name: value for name, value in ids.items() if name not in {"namespace", "name"}}


@contextmanager
def tenants(kafka: SharedKafka, folder: Path) -> Iterator[tuple[Tenant, Tenant]]:
    """Two tenants, until the end of the block. Their stages have different names."""
    pipelines = [make_pipeline(kafka.bootstrap_servers, stages=[stage]) for stage in ("classify", "detector")]
    tokens = [uuid.uuid4().hex for _ in pipelines]
    entries = [
        {"name": pipeline.namespace, "token": token, "pipelines": [f"{pipeline.namespace}/*"], "rights": list(Right)}
        for pipeline, token in zip(pipelines, tokens, strict=True)
    ]
    file = folder / "tokens.json"
    file.write_text(json.dumps({"tokens": entries}))
    file.chmod(0o600)
    service = Service(folder, pipelines, ["--token-file", str(file)])
    try:
        service.start()
        first, second = (_filled(service, *one) for one in zip(pipelines, tokens, strict=True))
        yield first, second
    finally:
        service.kill()


def _filled(service: Service, pipeline: Pipeline, token: str) -> Tenant:
    """A tenant with an image that was analysed, a dead letter of another, and a redrive."""
    tenant = Tenant(token, pipeline, {}, service)
    (stage,) = pipeline.stages
    image, failed = tenant.post(content=JPEG), tenant.post(content=JPEG)
    pipeline.analyze(image, stage, pipeline.namespace)
    pipeline.fail(failed, stage)
    path = f"{pipeline.path}/images"
    until(lambda: tenant.get(f"{path}/{image['id']}")["state"] == "Analyzed", "the result is there")
    until(lambda: tenant.get(f"{path}/{failed['id']}")["state"] == "Failed", "the dead letter is there")
    (letter,) = tenant.get(f"{pipeline.path}/dead-letters")["deadLetters"]
    with tenant.client() as client:
        redrive = client.post(f"{pipeline.path}/dead-letters/redrives", json={"stage": stage, "all": True})
    assert redrive.status_code == 201, redrive.text
    job = f"{pipeline.path}/dead-letters/redrives/{redrive.json()['id']}"
    until(lambda: tenant.get(job)["state"] == "Done", "the redrive has put its image into the topic")
    ids = {
        "namespace": pipeline.namespace,
        "name": pipeline.name,
        "image_id": image["id"],
        "stage": stage,
        "partition": str(letter["partition"]),
        "offset": str(letter["offset"]),
        "redrive_id": redrive.json()["id"],
    }
    return Tenant(token, pipeline, ids, service)
