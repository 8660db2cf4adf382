"""The cache: the last known version of every pipeline and of every object that the operator manages.

Objects are kept as JSON text, which uses a tenth of the memory of Python objects and cannot be changed by accident.
"""

import json
import threading
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from darkroom import names
from darkroom_operator.kube.api import Page
from darkroom_operator.kube.keys import ObjectKey, PipelineKey
from darkroom_operator.kube.kinds import IMAGE_PIPELINE, POD, Kind
from darkroom_operator.kube.transport import Manifest

MAX_REMOVED = 20_000


@dataclass(frozen=True, slots=True)
class _Entry:
    uid: str
    version: int
    owner: PipelineKey | None
    text: str


class Cache:
    """The last known version of every object; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: dict[Kind, dict[ObjectKey, _Entry]] = defaultdict(dict)
        self._owned: dict[tuple[Kind, PipelineKey], set[ObjectKey]] = defaultdict(set)
        self._removed: OrderedDict[str, int] = OrderedDict()

    def put(self, kind: Kind, live: Manifest) -> bool:
        """Keep `live`. Returns False if this version or a later one is known already."""
        metadata = live["metadata"]
        key = _key(live)
        entry = _Entry(metadata["uid"], int(metadata["resourceVersion"]), owner_of(kind, live), _compact(kind, live))
        with self._lock:
            known = self._entries[kind].get(key)
            # The response to a write may arrive after the event of the deletion.
            last_seen = max(self._removed.get(entry.uid, 0), known.version if known is not None else 0)
            if entry.version <= last_seen:
                return False
            self._forget(kind, key)
            self._entries[kind][key] = entry
            if entry.owner is not None:
                self._owned[kind, entry.owner].add(key)
            return True

    def remove(self, kind: Kind, live: Manifest) -> None:
        """Remove `live`, which was deleted or has lost the operator's labels."""
        metadata = live["metadata"]
        key = _key(live)
        with self._lock:
            known = self._entries[kind].get(key)
            if known is None or known.uid == metadata["uid"]:
                self._forget(kind, key)
            self._removed[metadata["uid"]] = int(metadata["resourceVersion"])
            while len(self._removed) > MAX_REMOVED:
                self._removed.popitem(last=False)

    def replace_all(
        self,
        kind: Kind,
        pages: Iterable[Page],
        namespace: str | None,
        on_change: Callable[[Manifest], None] = lambda _: None,
    ) -> set[PipelineKey]:
        """Replace the objects of `namespace` (None: all) by a complete list. Returns the pipelines concerned.

        `on_change` is called with each object that was not known in this version.
        """
        seen: set[ObjectKey] = set()
        changed: set[PipelineKey] = set()
        version = 0
        for page in pages:
            version = page.version
            for item in page.items:
                seen.add(_key(item))
                if self.put(kind, item):
                    on_change(item)
                    if owner := owner_of(kind, item):
                        changed.add(owner)
        with self._lock:
            for key, entry in list(self._entries[kind].items()):
                in_scope = namespace is None or key.namespace == namespace
                if in_scope and key not in seen and entry.version <= version:
                    self._forget(kind, key)
                    if entry.owner is not None:
                        changed.add(entry.owner)
        return changed

    def get(self, kind: Kind, namespace: str, name: str) -> Manifest | None:
        """The last known version of an object."""
        with self._lock:
            entry = self._entries[kind].get(ObjectKey(namespace, name))
        return None if entry is None else _parsed(kind, entry)

    def owned(self, kind: Kind, owner: PipelineKey) -> list[Manifest]:
        """Every object of `kind` with the labels of the pipeline `owner`."""
        with self._lock:
            entries = [self._entries[kind][key] for key in sorted(self._owned.get((kind, owner), ()))]
        return [_parsed(kind, entry) for entry in entries]

    def pipelines(self) -> list[PipelineKey]:
        """The keys of all pipelines."""
        with self._lock:
            return [PipelineKey(*key) for key in self._entries[IMAGE_PIPELINE]]

    def __len__(self) -> int:
        with self._lock:
            return sum(map(len, self._entries.values()))

    def _forget(self, kind: Kind, key: ObjectKey) -> None:
        entry = self._entries[kind].pop(key, None)
        if entry is not None and entry.owner is not None:
            owned = self._owned[kind, entry.owner]
            owned.discard(key)
            if not owned:
                del self._owned[kind, entry.owner]


def owner_of(kind: Kind, live: Manifest) -> PipelineKey | None:
    """The pipeline that an object belongs to according to its labels; a pipeline belongs to itself."""
    metadata = live["metadata"]
    if kind is IMAGE_PIPELINE:
        return PipelineKey(metadata["namespace"], metadata["name"])
    labels = metadata.get("labels") or {}
    if names.LABEL_PIPELINE not in labels:
        return None
    return PipelineKey(labels.get(names.LABEL_NAMESPACE, metadata.get("namespace", "")), labels[names.LABEL_PIPELINE])


def _key(live: Manifest) -> ObjectKey:
    return ObjectKey(live["metadata"].get("namespace", ""), live["metadata"]["name"])


def _compact(kind: Kind, live: Manifest) -> str:
    metadata = {key: value for key, value in live["metadata"].items() if key != "managedFields"}
    small = {key: value for key, value in live.items() if key not in {"apiVersion", "kind", "metadata"}}
    if kind is POD:
        small.pop("spec", None)
    return json.dumps({"metadata": metadata, **small}, separators=(",", ":"))


def _parsed(kind: Kind, entry: _Entry) -> Manifest:
    return {"apiVersion": kind.api_version, "kind": kind.name, **json.loads(entry.text)}
