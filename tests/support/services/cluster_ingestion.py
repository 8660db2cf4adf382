"""The ingestion service with the catalog of a cluster, as the chart would run it: its account, rights and options."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.support.chart import Helm, grant, of_kind
from tests.support.kube.access import Access
from tests.support.kube.api import Api
from tests.support.kube.api_server import ApiServer
from tests.support.manifests import pipeline_manifest
from tests.support.services.ingestion import Pipeline, Service, post
from tests.support.until import until

CLUSTER = "events"
PIPELINES = "/apis/darkroom.dev/v1alpha1/namespaces/{namespace}/imagepipelines"


@dataclass
class ServedCluster:
    """A namespace of pipelines, one of a Kafka, and the ingestion service. Tests act as the operator."""

    api_server: ApiServer
    namespace: str
    kafka_namespace: str
    folder: Path
    stack: ExitStack
    clusters: list[dict[str, Any]] = field(default_factory=list)

    @property
    def api(self) -> Api:
        return self.api_server.admin.api()

    def start(self, access: Access | None = None, *more: str) -> Service:
        """Start the service with the chart's account, at an API server that may be a proxy in `access`."""
        watched = [self.namespace]
        values = {"ingestion": {"namespaces": watched, "kafka": {"clusters": self.clusters}}}
        manifests = Helm(self.folder).template("darkroom", self.kafka_namespace, values)
        for path in grant(self.api, manifests):
            if "/namespaces/" not in path:
                self.stack.callback(self.api.delete, path)
        users = f"/apis/kafka.strimzi.io/v1/namespaces/{self.kafka_namespace}/kafkausers"
        for name, user in of_kind(manifests, "KafkaUser").items():
            self.api.apply(f"{users}/{name}", user)
        options = [*("--catalog", "kubernetes", "--namespaces", ",".join(watched)), *self._access(access), *more]
        for config_map in of_kind(manifests, "ConfigMap").values():
            document = self.folder / "credentials.json"
            document.write_text(config_map["data"]["credentials.json"])
            options += ["--kafka-credentials", str(document)]
        service = Service(self.folder, [], options)
        self.stack.callback(service.kill)
        return service.start(ready=False)

    def apply(self, name: str, bootstrap_servers: str, stages: list[str] | None = None, **spec: Any) -> Pipeline:
        """Apply a pipeline. The test uses `bootstrap_servers`. The topics are not created yet."""
        stages = stages or ["classify"]
        spec = {
            "kafka": {"bootstrapServers": bootstrap_servers},
            "images": {"partitions": 2, "replicas": 1, "maxBytes": "100k"},
            **spec,
        }
        manifest = pipeline_manifest(name=name, namespace=self.namespace, stages=stages, **spec)
        self.api.apply(self._path(name), manifest)
        return Pipeline(bootstrap_servers, manifest, self.namespace, name, stages)

    def topics_are_ready(self, pipeline: Pipeline) -> None:
        """Create the topics, and report them as ready."""
        pipeline.make_topics()
        self.say(pipeline.name, "True", "AllReady")

    def say(self, name: str, status: str, reason: str) -> None:
        """Write the condition TopicsReady of a pipeline, as the operator would."""
        live = self.api.get(self._path(name))
        condition = {
            "type": "TopicsReady",
            "status": status,
            "reason": reason,
            "message": "so says the test",
            "lastTransitionTime": "2026-01-01T00:00:00Z",
            "observedGeneration": live["metadata"]["generation"],
        }
        self.api.merge(f"{self._path(name)}/status", {"status": {"conditions": [condition]}})

    def delete(self, name: str) -> None:
        self.api.delete(self._path(name))

    def _path(self, name: str) -> str:
        return f"{PIPELINES.format(namespace=self.namespace)}/{name}"

    def _access(self, access: Access | None) -> list[str]:
        """The options that are defaults in a pod: the API server's address, and a token."""
        account = self.api_server.admin.as_service_account(self.kafka_namespace, "darkroom-ingestion")
        folder = self.folder / "serviceaccount"
        folder.mkdir(exist_ok=True)
        (folder / "token").write_text(account.token)
        (folder / "ca.crt").write_text(account.ca or "")
        server = (access or account).server
        return ["--kubernetes-server", server, "--kubernetes-credentials", str(folder)]


@contextmanager
def served_cluster(api_server: ApiServer, folder: Path) -> Iterator[ServedCluster]:
    """A served cluster until the end of the block."""
    with ExitStack() as stack:
        namespace = api_server.namespace("images")
        kafka_namespace = api_server.namespace("kafka")
        yield ServedCluster(api_server, namespace, kafka_namespace, folder, stack)


def taken(service: Service, pipeline: Pipeline, **options: Any) -> httpx.Response:
    """Post images until one is accepted, like a client that retries."""

    def answered() -> httpx.Response | None:
        answer = post(service, pipeline, **options)
        return answer if answer.status_code == 202 else None

    return until(answered, f"{pipeline.name} takes images", 60.0)


def refused(service: Service, pipeline: Pipeline, words: str) -> None:
    """Wait until images of a pipeline are refused with these words."""

    def answered() -> bool:
        answer = post(service, pipeline)
        return answer.status_code >= 400 and words in answer.json()["detail"]

    until(answered, f"{pipeline.name} is refused: {words}", 60.0)
