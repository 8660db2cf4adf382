"""Name claims resolve conflicts: stage `c` of pipeline `a-b` and stage `b-c` of `a` both need a Deployment `a-b-c`."""

import threading
from collections import defaultdict

from darkroom import names
from darkroom_operator.kube.keys import ObjectKey, PipelineKey
from darkroom_operator.kube.transport import Manifest


class NameClaims:
    """The names of the stage objects of every cached pipeline. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._claimed_by: dict[ObjectKey, dict[PipelineKey, str]] = defaultdict(dict)
        self._claims: dict[PipelineKey, set[ObjectKey]] = {}

    def update(self, key: PipelineKey, pipeline: Manifest | None) -> set[PipelineKey]:
        """Replace the claims of `key` by those of `pipeline` (None: none). Returns the other pipelines affected."""
        claimed = {} if pipeline is None else _claims(key, pipeline)
        with self._lock:
            before = self._claims.get(key, set())
            affected = {
                other
                for name in before | set(claimed)
                if (name in before) != (name in claimed)
                for other in self._claimed_by.get(name, ())
                if other != key
            }
            for name in before - set(claimed):
                del self._claimed_by[name][key]
                if not self._claimed_by[name]:
                    del self._claimed_by[name]
            for name, since in claimed.items():
                self._claimed_by[name][key] = since
            if claimed:
                self._claims[key] = set(claimed)
            else:
                self._claims.pop(key, None)
            return affected

    def holder(self, namespace: str, child: str) -> PipelineKey | None:
        """The pipeline that `child` belongs to: of those that claim it the oldest, then the first by name."""
        with self._lock:
            claimants = dict(self._claimed_by.get(ObjectKey(namespace, child), {}))
        return min(claimants, key=lambda key: (claimants[key], key.name)) if claimants else None


def _claims(key: PipelineKey, pipeline: Manifest) -> dict[ObjectKey, str]:
    since = pipeline["metadata"].get("creationTimestamp", "")
    stages = (pipeline.get("spec") or {}).get("stages") or []
    return {ObjectKey(key.namespace, names.child(key.name, stage.get("name", ""))): since for stage in stages}
