"""What the console shows in its tests: an ingestion service, four pipelines and their workers, shared by a run.

`objects` and `digits` are the samples, with one worker for a stage. `receipts` has no workers: tests publish what its
stages would. `unused` has neither workers nor images. Tests share them, so a test looks for its own images by their ids
or keys.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from darkroom.api.validation import parse_pipeline
from darkroom.kafka.connection import KafkaConnection
from darkroom.stage_settings import stage_settings
from darkroom.topology import topology
from tests.support.manifests import pipeline_manifest
from tests.support.models.bad_model import bad_model
from tests.support.services.ingestion import Pipeline, Service
from tests.support.services.stage import REPOSITORY, WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

NAMESPACE = "gallery"
SAMPLES = REPOSITORY / "k8s/samples"
MODELS = {
    "detect": REPOSITORY / "models/objects/objects.onnx",
    "classify": REPOSITORY / "models/digits/digits.onnx",
    "embed": REPOSITORY / "models/digits/digits-embed.onnx",
}


@dataclass(frozen=True)
class Gallery:
    """The service and the pipelines that the tests of the console share."""

    url: str
    bootstrap_servers: str

    @property
    def objects(self) -> Pipeline:
        """The sample with the stage `detect`. The first image that contains SHAKY fails, and all that contain RAISE."""
        return _sample("objects", self.bootstrap_servers)

    @property
    def digits(self) -> Pipeline:
        """The sample pipeline with the stages `classify` and `embed`."""
        return _sample("digits", self.bootstrap_servers)

    @property
    def receipts(self) -> Pipeline:
        """A pipeline with the stages `read` and `classify`, without workers."""
        return _without_workers("receipts", self.bootstrap_servers)

    @property
    def unused(self) -> Pipeline:
        """A pipeline to which nobody has sent an image."""
        return _without_workers("unused", self.bootstrap_servers)

    @property
    def service(self) -> Service:
        """The shared service, for the functions that send images to it. Do not stop it."""
        return Service(Path(), [], port=int(self.url.rpartition(":")[2]))


class GalleryToShare:
    """The service and the workers, started on demand; `prepare` is called before, when the topics exist."""

    def __init__(
        self, bootstrap_servers: Callable[[], str], prepare: Callable[[Sequence[Pipeline]], None] | None = None
    ) -> None:
        self._bootstrap_servers, self._prepare = bootstrap_servers, prepare
        self._stack = ExitStack()

    def start(self) -> dict[str, str]:
        bootstrap_servers = self._bootstrap_servers()
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="darkroom-console-")))
        faults = bad_model(folder / "faults")
        pipelines = [_sample("objects", bootstrap_servers), _sample("digits", bootstrap_servers)]
        pipelines += [_without_workers(name, bootstrap_servers) for name in ("receipts", "unused")]
        for pipeline in pipelines:
            pipeline.make_topics()
        if self._prepare is not None:
            self._prepare(pipelines)
        service = Service(folder, pipelines)
        self._stack.callback(service.kill)
        workers = [
            WorkerProcess(_settings(pipeline, stage, folder), faults)
            for pipeline in pipelines[:2]
            for stage in pipeline.stages
        ]
        for worker in workers:
            self._stack.callback(worker.kill)
        service.start()
        for worker in workers:
            worker.ready()
        return {"url": f"http://127.0.0.1:{service.port}", "bootstrap_servers": bootstrap_servers}

    def stop(self) -> None:
        self._stack.close()


def _sample(name: str, bootstrap_servers: str) -> Pipeline:
    with (SAMPLES / f"{name}.yaml").open(encoding="utf-8") as file:
        manifest: dict[str, Any] = next(
            document for document in yaml.load_all(file, Loader=yaml.CSafeLoader) if document["kind"] == "ImagePipeline"
        )
    manifest["metadata"]["namespace"] = NAMESPACE
    manifest["spec"]["kafka"] = {"bootstrapServers": bootstrap_servers}
    manifest["spec"]["images"]["partitions"] = 3
    for stage in manifest["spec"]["stages"]:
        stage.pop("selfTest", None)
        stage["maxAttempts"] = 1
    stages = [stage["name"] for stage in manifest["spec"]["stages"]]
    return Pipeline(bootstrap_servers, manifest, NAMESPACE, name, stages)


def _without_workers(name: str, bootstrap_servers: str) -> Pipeline:
    stages = ["read", "classify"]
    kafka = {"bootstrapServers": bootstrap_servers}
    images = {"partitions": 3, "replicas": 1}
    manifest = pipeline_manifest(name=name, namespace=NAMESPACE, stages=stages, kafka=kafka, images=images)
    return Pipeline(bootstrap_servers, manifest, NAMESPACE, name, stages)


def _settings(pipeline: Pipeline, stage: str, folder: Path) -> Path:
    """The settings file of a worker of `stage`."""
    parsed = parse_pipeline(pipeline.manifest)
    plan = next(plan for plan in topology(parsed).stages if plan.spec.name == stage)
    kafka = KafkaConnection(bootstrap_servers=pipeline.bootstrap_servers)
    settings = stage_settings(parsed, plan, kafka, model_path=MODELS[stage])
    file = folder / f"{pipeline.name}-{stage}.json"
    file.write_text(settings.model_dump_json(by_alias=True), encoding="utf-8")
    return file
