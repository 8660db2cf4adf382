"""The results store keeps pipelines apart: those that come and go, and those whose names resemble each other."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from darkroom.access.right import Right
from tests.support.kafka import SharedKafka
from tests.support.manifests import pipeline_manifest
from tests.support.services.ingestion import JPEG, Pipeline, Service
from tests.support.until import until


@dataclass
class Shared:
    """A service whose pipelines change. Its callers are one for each namespace, and `admin`."""

    kafka: SharedKafka
    service: Service
    unique: str = field(default_factory=lambda: f"t{uuid.uuid4().hex[:8]}")

    def pipeline(self, namespace: str, name: str) -> Pipeline:
        images = {"partitions": 1, "replicas": 1, "maxBytes": "100Ki"}
        spec = {"images": images, "kafka": {"bootstrapServers": self.kafka.bootstrap_servers}}
        manifest = pipeline_manifest(namespace=namespace, name=name, stages=["classify"], **spec)
        made = Pipeline(self.kafka.bootstrap_servers, manifest, namespace, name, ["classify"])
        made.make_topics()
        return made

    def serve(self, *pipelines: Pipeline) -> None:
        self.service.pipelines = list(pipelines)
        self.service.write_catalog()
        names = {(one.namespace, one.name) for one in pipelines}

        def served() -> bool:
            listed = self.ask("admin", "GET", "/v1/pipelines").json()["pipelines"]
            return {(one["namespace"], one["name"]) for one in listed} == names

        until(served, f"{names} are served")

    def ask(self, namespace: str, method: str, path: str, **rest: Any) -> httpx.Response:
        with self.service.client as client:
            headers = {"Authorization": f"Bearer secret-token-of-{namespace}", **rest.pop("headers", {})}
            return client.request(method, path, headers=headers, **rest)

    def sent(self, pipeline: Pipeline) -> str:
        """The id of an image that is sent and analysed."""
        headers = {"Content-Type": "image/jpeg"}
        answer = self.ask("admin", "POST", f"{pipeline.path}/images", content=JPEG, headers=headers)
        assert answer.status_code == 202, answer.text
        pipeline.analyze(answer.json(), label=f"label-of-{pipeline.namespace}-{pipeline.name}")
        image = str(answer.json()["id"])
        path = f"{pipeline.path}/images/{image}"
        until(lambda: self.ask("admin", "GET", path).json()["state"] == "Analyzed", "the result is stored")
        return image


@pytest.fixture
def shared(kafka: SharedKafka, tmp_path: Path) -> Iterator[Shared]:
    made = Shared(kafka, Service(tmp_path, []))
    namespaces = [made.unique, f"{made.unique}-a", f"{made.unique}-b", f"{made.unique}0"]
    entries = [("admin", "*/*"), *((namespace, f"{namespace}/*") for namespace in namespaces)]
    tokens = [
        {"name": name, "token": f"secret-token-of-{name}", "pipelines": [pattern], "rights": list(Right)}
        for name, pattern in entries
    ]
    file = tmp_path / "tokens.json"
    file.write_text(json.dumps({"tokens": tokens}))
    file.chmod(0o600)
    made.service.options += ["--token-file", str(file)]
    try:
        made.service.start()
        yield made
    finally:
        made.service.kill()


def everything(shared: Shared, pipeline: Pipeline) -> str:
    """All that the caller of a pipeline's namespace can list."""
    paths = ["/images", "/results", "/counts", "/export", "/dead-letters", "/status", ""]
    answers = [shared.ask(pipeline.namespace, "GET", pipeline.path + path) for path in paths]
    assert {answer.status_code for answer in answers} == {200}
    return "\n".join(answer.text for answer in answers)


def test_a_pipeline_that_is_made_anew_in_another_namespace_has_nothing_of_the_former(shared: Shared) -> None:
    former = shared.pipeline(f"{shared.unique}-a", "digits")
    shared.serve(former)
    image = shared.sent(former)

    new = shared.pipeline(f"{shared.unique}-b", "digits")
    shared.serve(new)
    own = shared.sent(new)
    text = everything(shared, new)
    assert own in text
    assert image not in text
    assert former.namespace not in text
    assert shared.ask(new.namespace, "GET", f"{new.path}/images/{image}").status_code == 404
    # The former caller has kept the right to the name, and gets nothing of the new one by it.
    assert shared.ask(former.namespace, "GET", f"{former.path}/images/{own}").status_code == 404
    assert shared.ask(former.namespace, "GET", f"{new.path}/images/{own}").status_code == 403

    shared.serve(former, new)
    text = everything(shared, former)
    assert image in text
    assert own not in text


def test_pipelines_whose_names_resemble_each_other_are_kept_apart(shared: Shared) -> None:
    unique = shared.unique
    names = [
        (unique, "a-digits"),
        (f"{unique}-a", "digits"),
        (unique, "a"),
        (f"{unique}-a", "a"),
        (f"{unique}0", "digits"),
        (unique, "images"),
        (unique, "images-results"),
        (f"{unique}-b", "dead-letters"),
    ]
    pipelines = [shared.pipeline(*name) for name in names]
    shared.serve(*pipelines)
    images = {pipeline.path: shared.sent(pipeline) for pipeline in pipelines}
    for pipeline in pipelines:
        text = everything(shared, pipeline)
        assert [path for path, image in images.items() if image in text] == [pipeline.path]
        for other in pipelines:
            answer = shared.ask(pipeline.namespace, "GET", f"{other.path}/images")
            assert answer.status_code == (200 if other.namespace == pipeline.namespace else 403)
            assert (images[pipeline.path] in answer.text) == (other is pipeline)
