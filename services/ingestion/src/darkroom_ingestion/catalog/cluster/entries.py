"""Decides which ImagePipelines of a cluster are served: valid ones with ready topics and a usable Kafka."""

from collections.abc import Callable, Mapping
from typing import Any

from darkroom.api.pipeline import ImagePipeline
from darkroom.api.validation import InvalidPipeline, parse_pipeline
from darkroom.kafka.connection import KafkaConnection
from darkroom_ingestion.catalog.cluster.api_server import Object
from darkroom_ingestion.catalog.cluster.kafkas import KafkaNotKnown
from darkroom_ingestion.catalog.served import Pipelines, ServedPipeline, Unserved

Connect = Callable[[ImagePipeline], KafkaConnection]


class Entries:
    """Decides which pipelines are served. A changed one is served in its former version until its topics are ready."""

    def __init__(self) -> None:
        self._parsed: dict[str, tuple[tuple[str, int], ImagePipeline | InvalidPipeline]] = {}
        self._served: dict[str, ServedPipeline] = {}

    def decide(self, lives: Mapping[str, Object], connect: Connect) -> Pipelines:
        """The pipelines to serve of `lives`, ImagePipelines by `namespace/name`. `connect` may raise KafkaNotKnown."""
        served: dict[str, ServedPipeline] = {}
        unserved: dict[str, Unserved] = {}
        for key, live in lives.items():
            decision = self._decide(key, live, connect)
            if isinstance(decision, Unserved):
                unserved[key] = decision
            else:
                served[key] = decision
        self._parsed = {key: parsed for key, parsed in self._parsed.items() if key in lives}
        self._served = served
        return Pipelines(served, unserved)

    def _decide(self, key: str, live: Object, connect: Connect) -> ServedPipeline | Unserved:
        metadata = live["metadata"]
        if "deletionTimestamp" in metadata:
            return Unserved("Deleting", "it is being deleted")
        before = self._served.get(key)
        if before is not None and before.pipeline.metadata.uid != metadata["uid"]:
            before = None
        pipeline = self._pipeline(key, live)
        topics = _condition(live, "TopicsReady")
        ready = topics.get("status") == "True"
        if isinstance(pipeline, InvalidPipeline):
            if before is None:
                return Unserved("Invalid", str(pipeline))
            pipeline = before.pipeline
        elif before is not None and not (ready and topics.get("observedGeneration") == metadata["generation"]):
            pipeline = before.pipeline
        elif before is None and not ready:
            why = (
                f": {topics['reason']}: {topics['message']}" if topics else "; the operator has not reported on it yet"
            )
            return Unserved("TopicsNotReady", f"its topics are not ready{why}")
        return _connected(pipeline, before, connect)

    def _pipeline(self, key: str, live: Object) -> ImagePipeline | InvalidPipeline:
        """The parsed pipeline, cached until its generation changes."""
        version = (live["metadata"]["uid"], live["metadata"]["generation"])
        known = self._parsed.get(key)
        if known is None or known[0] != version:
            known = self._parsed[key] = (version, _read(live))
        return known[1]


def _connected(pipeline: ImagePipeline, before: ServedPipeline | None, connect: Connect) -> ServedPipeline | Unserved:
    try:
        kafka = connect(pipeline)
    except KafkaNotKnown as error:
        # Keep the connection while a Secret or an address is missing temporarily.
        if before is None or before.pipeline.spec.kafka != pipeline.spec.kafka:
            return Unserved("KafkaNotKnown", str(error))
        kafka = before.kafka
    if before is not None and before.pipeline == pipeline and before.kafka == kafka:
        return before
    return ServedPipeline(pipeline, kafka)


def _read(live: Object) -> ImagePipeline | InvalidPipeline:
    """The pipeline without the parts that change often: the status and the managed fields."""
    metadata = {name: live["metadata"][name] for name in ("name", "namespace", "uid")}
    manifest = {**{name: live.get(name) for name in ("apiVersion", "kind", "spec")}, "metadata": metadata}
    try:
        return parse_pipeline(manifest)
    except InvalidPipeline as error:
        return error


def _condition(live: Object, kind: str) -> dict[str, Any]:
    conditions = (live.get("status") or {}).get("conditions") or []
    return next((condition for condition in conditions if condition["type"] == kind), {})
