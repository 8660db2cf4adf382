"""What the cluster looks like, as far as we have been told: every pipeline and everything that we made for one.

An object is kept as JSON text: a tenth of what it takes as Python objects, and nobody can change it by accident.
"""

import json
import threading
from collections import OrderedDict, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from darkroom import names
from darkroom_operator.kube.api import Page
from darkroom_operator.kube.kinds import IMAGE_PIPELINE, POD, Kind
from darkroom_operator.kube.transport import Manifest
from darkroom_operator.runtime.work_queue import Key

Place = tuple[str, str]
"""Namespace and name."""

REMEMBERED_DELETIONS = 20_000


@dataclass(frozen=True, slots=True)
class _Entry:
    uid: str
    version: int
    owner: Key | None
    text: str


class Cache:
    """The last known version of every object; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: dict[Kind, dict[Place, _Entry]] = defaultdict(dict)
        self._owned: dict[tuple[Kind, Key], set[Place]] = defaultdict(set)
        self._removed: OrderedDict[str, int] = OrderedDict()

    def put(self, kind: Kind, live: Manifest) -> bool:
        """Remember `live`; answers False if that, or something later, was known already."""
        metadata = live["metadata"]
        place = (metadata.get("namespace", ""), metadata["name"])
        entry = _Entry(metadata["uid"], int(metadata["resourceVersion"]), owner_of(kind, live), _compact(kind, live))
        with self._lock:
            known = self._entries[kind].get(place)
            # What a write answers may arrive after the event that says it was deleted.
            last_seen = max(self._removed.get(entry.uid, 0), known.version if known is not None else 0)
            if entry.version <= last_seen:
                return False
            self._forget(kind, place)
            self._entries[kind][place] = entry
            if entry.owner is not None:
                self._owned[kind, entry.owner].add(place)
            return True

    def remove(self, kind: Kind, live: Manifest) -> None:
        """Forget `live`: it was deleted, or lost our label."""
        metadata = live["metadata"]
        place = (metadata.get("namespace", ""), metadata["name"])
        with self._lock:
            known = self._entries[kind].get(place)
            if known is None or known.uid == metadata["uid"]:
                self._forget(kind, place)
            self._removed[metadata["uid"]] = int(metadata["resourceVersion"])
            while len(self._removed) > REMEMBERED_DELETIONS:
                self._removed.popitem(last=False)

    def replace_all(self, kind: Kind, pages: Iterable[Page], namespace: str | None) -> set[Key]:
        """Take over a complete list of `namespace`, or of all; answers the pipelines whose objects differed."""
        seen: set[Place] = set()
        changed: set[Key] = set()
        version = 0
        for page in pages:
            version = page.version
            for item in page.items:
                metadata = item["metadata"]
                seen.add((metadata.get("namespace", ""), metadata["name"]))
                if self.put(kind, item) and (owner := owner_of(kind, item)):
                    changed.add(owner)
        with self._lock:
            for place, entry in list(self._entries[kind].items()):
                in_scope = namespace is None or place[0] == namespace
                if in_scope and place not in seen and entry.version <= version:
                    self._forget(kind, place)
                    if entry.owner is not None:
                        changed.add(entry.owner)
        return changed

    def get(self, kind: Kind, namespace: str, name: str) -> Manifest | None:
        """The object as last seen."""
        with self._lock:
            entry = self._entries[kind].get((namespace, name))
        return None if entry is None else _parsed(kind, entry)

    def owned(self, kind: Kind, owner: Key) -> list[Manifest]:
        """Every object of `kind` that carries the labels of the pipeline `owner`."""
        with self._lock:
            entries = [self._entries[kind][place] for place in sorted(self._owned.get((kind, owner), ()))]
        return [_parsed(kind, entry) for entry in entries]

    def pipelines(self) -> list[Key]:
        """Every pipeline."""
        with self._lock:
            return [Key(*place) for place in self._entries[IMAGE_PIPELINE]]

    def __len__(self) -> int:
        with self._lock:
            return sum(map(len, self._entries.values()))

    def _forget(self, kind: Kind, place: Place) -> None:
        entry = self._entries[kind].pop(place, None)
        if entry is not None and entry.owner is not None:
            places = self._owned[kind, entry.owner]
            places.discard(place)
            if not places:
                del self._owned[kind, entry.owner]


def owner_of(kind: Kind, live: Manifest) -> Key | None:
    """The pipeline that an object belongs to by its labels; a pipeline belongs to itself."""
    metadata = live["metadata"]
    if kind is IMAGE_PIPELINE:
        return Key(metadata["namespace"], metadata["name"])
    labels = metadata.get("labels") or {}
    if names.LABEL_PIPELINE not in labels:
        return None
    return Key(labels.get(names.LABEL_NAMESPACE, metadata.get("namespace", "")), labels[names.LABEL_PIPELINE])


def _compact(kind: Kind, live: Manifest) -> str:
    metadata = {key: value for key, value in live["metadata"].items() if key != "managedFields"}
    small = {key: value for key, value in live.items() if key not in {"apiVersion", "kind", "metadata"}}
    if kind is POD:
        small.pop("spec", None)
    return json.dumps({"metadata": metadata, **small}, separators=(",", ":"))


def _parsed(kind: Kind, entry: _Entry) -> Manifest:
    return {"apiVersion": kind.api_version, "kind": kind.name, **json.loads(entry.text)}
