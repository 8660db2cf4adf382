"""Which pipelines want a child name: `a-b` with stage `c` and `a` with stage `b-c` both want `a-b-c`."""

import threading
from collections import defaultdict

from darkroom import names
from darkroom_operator.cluster.cache import Place
from darkroom_operator.kube.transport import Manifest
from darkroom_operator.runtime.work_queue import Key


class Claims:
    """The child names of every pipeline, kept up to date with the cache; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._claimed_by: dict[Place, dict[Key, str]] = defaultdict(dict)
        self._children: dict[Key, set[Place]] = {}

    def update(self, key: Key, pipeline: Manifest | None) -> set[Key]:
        """Note what `pipeline` claims now (nothing if it is None); answers the others whom that concerns."""
        claimed = {} if pipeline is None else _claims(key, pipeline)
        with self._lock:
            before = self._children.get(key, set())
            rivals = {
                other
                for place in before | set(claimed)
                if (place in before) != (place in claimed)
                for other in self._claimed_by.get(place, ())
                if other != key
            }
            for place in before - set(claimed):
                del self._claimed_by[place][key]
                if not self._claimed_by[place]:
                    del self._claimed_by[place]
            for place, since in claimed.items():
                self._claimed_by[place][key] = since
            if claimed:
                self._children[key] = set(claimed)
            else:
                self._children.pop(key, None)
            return rivals

    def first(self, namespace: str, child: str) -> Key | None:
        """The pipeline that has claimed `child` for the longest, by its time of creation and then by its name."""
        with self._lock:
            claimants = dict(self._claimed_by.get((namespace, child), {}))
        return min(claimants, key=lambda key: (claimants[key], key.name)) if claimants else None


def _claims(key: Key, pipeline: Manifest) -> dict[Place, str]:
    since = pipeline["metadata"].get("creationTimestamp", "")
    stages = (pipeline.get("spec") or {}).get("stages") or []
    return {(key.namespace, names.child(key.name, stage.get("name", ""))): since for stage in stages}
