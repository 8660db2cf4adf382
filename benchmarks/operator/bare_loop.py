"""The operator's writes without the operator, to measure the time that the API server needs for them."""

import copy
import json
import uuid
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from tests.support.kube.api import Api, Manifest
from tests.support.kube.audit import AuditedRequest
from tests.support.services.operator import Site

THREADS = 8
FIELD_MANAGER = "darkroom"

_SERVER_FIELDS = ("uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "ownerReferences")
_CHILDREN = (
    "kafkatopics", "kafkausers", "serviceaccounts", "configmaps", "networkpolicies", "poddisruptionbudgets",
    "deployments",
)  # fmt: skip


@dataclass(frozen=True)
class Writes:
    """The writes for one pipeline: objects that are applied once, and how often its status and Events are written."""

    pipeline: Manifest
    children: list[tuple[str, Manifest]]
    statuses: int
    events: int

    @property
    def count(self) -> int:
        """The number of requests, including the one that applies the pipeline."""
        return 1 + ("finalizers" in self.pipeline["metadata"]) + len(self.children) + self.statuses + self.events


def recorded(site: Site, log: Iterable[AuditedRequest], names: list[str]) -> list[Writes]:
    """The operator's writes for each pipeline, from the audit log and the objects in the cluster."""
    tally = Counter((request.resource, request.subresource) for request in log)
    statuses = round(tally["imagepipelines", "status"] / len(names))
    events = round(tally["events", ""] / len(names))
    children: dict[str, list[tuple[str, Manifest]]] = {name: [] for name in names}
    for resource in _CHILDREN:
        namespace = site.kafka_namespace if resource.startswith("kafka") else site.namespace
        listed = site.api.get(site.path(resource, namespace=namespace), labelSelector="darkroom.dev/pipeline")
        for item in listed["items"]:
            owner = item["metadata"]["labels"]["darkroom.dev/pipeline"]
            children[owner].append((resource, _bare({"apiVersion": listed["apiVersion"], **item}, listed["kind"])))
    found = site.api.get(site.path("imagepipelines"))["items"]
    return [
        Writes(_bare(live, "ImagePipeline"), children[live["metadata"]["name"]], statuses, events) for live in found
    ]


def make(api: Api, recordings: list[Writes], old: Site, new: Site) -> None:
    """Make the same writes in the namespaces of `new`."""

    def moved(value: Any) -> Any:
        text = json.dumps(value).replace(old.kafka_namespace, new.kafka_namespace)
        return json.loads(text.replace(old.namespace, new.namespace))

    ready = [
        (Writes(moved(w.pipeline), [(r, moved(m)) for r, m in w.children], w.statuses, w.events)) for w in recordings
    ]
    with ThreadPoolExecutor(THREADS) as pool:
        for done in [pool.submit(_make, api, writes, new) for writes in ready]:
            done.result()


def _make(api: Api, writes: Writes, site: Site) -> None:
    name = writes.pipeline["metadata"]["name"]
    path = site.path("imagepipelines", name)
    plain = copy.deepcopy(writes.pipeline)
    status, finalizers = plain.pop("status"), plain["metadata"].pop("finalizers", None)
    created = api.create(path.rpartition("/")[0], plain)
    identity = {key: created["metadata"][key] for key in ("name", "namespace", "uid")}
    head = {"apiVersion": created["apiVersion"], "kind": created["kind"]}
    if finalizers:
        api.apply(path, {**head, "metadata": {**identity, "finalizers": finalizers}}, FIELD_MANAGER)
    for resource, manifest in writes.children:
        metadata = manifest["metadata"]
        api.apply(site.path(resource, metadata["name"], metadata["namespace"]), manifest, FIELD_MANAGER)
    for number in range(writes.statuses):
        changed = {**status, "selector": f"{number}"}
        api.apply(f"{path}/status", {**head, "metadata": identity, "status": changed}, FIELD_MANAGER)
    for _ in range(writes.events):
        api.create(site.path("events"), _event(created))


def _event(about: Manifest) -> Manifest:
    metadata = about["metadata"]
    return {
        "metadata": {"name": f"{metadata['name']}.{uuid.uuid4().hex[:16]}", "namespace": metadata["namespace"]},
        "eventTime": "2026-01-01T00:00:00.000000Z",
        "reportingController": "darkroom.dev/operator",
        "reportingInstance": "bare-loop",
        "action": "Reconcile",
        "type": "Normal",
        "reason": "Ready",
        "note": "images are accepted and analysed",
        "regarding": {
            "apiVersion": about["apiVersion"],
            "kind": about["kind"],
            **{key: metadata[key] for key in ("name", "namespace", "uid")},
        },
    }


def _bare(live: Manifest, kind: str) -> Manifest:
    metadata = {key: value for key, value in live["metadata"].items() if key not in _SERVER_FIELDS}
    kept = {key: value for key, value in live.items() if key not in {"metadata", "kind"}}
    if kind != "ImagePipeline":
        kept.pop("status", None)
        metadata.pop("finalizers", None)
    return {**kept, "kind": kind.removesuffix("List"), "metadata": metadata}
