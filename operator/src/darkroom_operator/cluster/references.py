"""References: the Secrets, ConfigMaps and Kafka resources that pipelines refer to and the operator does not manage.

Their content is read when a reconciliation needs it, and kept until a watch reports a change. The watch asks for
metadata only: the Secrets and ConfigMaps of a cluster can be large, and few of them are referred to.
"""

import base64
import hashlib
import threading
from collections import OrderedDict, defaultdict
from collections.abc import Mapping
from typing import NamedTuple, TypeVar

from darkroom_operator.kube.api import Kube
from darkroom_operator.kube.keys import PipelineKey
from darkroom_operator.kube.kinds import CONFIG_MAP, SECRET, Kind

MAX_CONTENTS = 10_000

T = TypeVar("T")


class Reference(NamedTuple):
    """An object that a pipeline refers to."""

    kind: Kind
    namespace: str
    name: str


class References:
    """Which pipelines refer to which objects, and the content of these objects. Thread-safe."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube
        self._lock = threading.Lock()
        self._users: dict[Reference, set[PipelineKey]] = defaultdict(set)
        self._used: dict[PipelineKey, set[Reference]] = {}
        self._secrets: OrderedDict[Reference, Mapping[str, bytes] | None] = OrderedDict()
        self._digests: OrderedDict[Reference, Mapping[str, str] | None] = OrderedDict()
        self._changes: dict[Reference, int] = {}

    def add(self, key: PipelineKey, *references: Reference) -> None:
        """Record that the pipeline `key` depends on `references`, in addition to earlier ones."""
        with self._lock:
            self._used.setdefault(key, set()).update(references)
            for reference in references:
                self._users[reference].add(key)

    def forget(self, key: PipelineKey) -> None:
        """Remove all references of the pipeline `key`."""
        with self._lock:
            for reference in self._used.pop(key, set()):
                self._users[reference].discard(key)
                if not self._users[reference]:
                    del self._users[reference]
                    self._drop(reference)
                    self._changes.pop(reference, None)

    def invalidate(self, reference: Reference) -> set[PipelineKey]:
        """Drop the content of `reference`. Returns the pipelines that depend on it."""
        with self._lock:
            users = set(self._users.get(reference, ()))
            if users:
                self._changes[reference] = self._changes.get(reference, 0) + 1
                self._drop(reference)
            return users

    def invalidate_all(self) -> set[PipelineKey]:
        """Drop all content, because a watch was interrupted. Returns every pipeline with a reference."""
        with self._lock:
            for reference in self._users:
                self._changes[reference] = self._changes.get(reference, 0) + 1
            self._secrets.clear()
            self._digests.clear()
            return set(self._used)

    def secret(self, key: PipelineKey, namespace: str, name: str) -> Mapping[str, bytes] | None:
        """The content of a Secret that the pipeline `key` depends on; None if the Secret does not exist."""
        reference = Reference(SECRET, namespace, name)
        self.add(key, reference)
        with self._lock:
            if reference in self._secrets:
                return self._secrets[reference]
            seen = self._changes.get(reference, 0)
        live = self._kube.find(SECRET, namespace, name)
        content = None if live is None else {k: base64.b64decode(v) for k, v in (live.get("data") or {}).items()}
        self._keep(self._secrets, reference, content, seen)
        return content

    def config_map_digests(self, key: PipelineKey, namespace: str, name: str) -> Mapping[str, str] | None:
        """The SHA-256 of every value in a ConfigMap that the pipeline `key` depends on; None if it does not exist."""
        reference = Reference(CONFIG_MAP, namespace, name)
        self.add(key, reference)
        with self._lock:
            if reference in self._digests:
                return self._digests[reference]
            seen = self._changes.get(reference, 0)
        live = self._kube.find(CONFIG_MAP, namespace, name)
        digests = None
        if live is not None:
            texts = {k: v.encode() for k, v in (live.get("data") or {}).items()}
            binaries = {k: base64.b64decode(v) for k, v in (live.get("binaryData") or {}).items()}
            digests = {k: hashlib.sha256(v).hexdigest() for k, v in {**texts, **binaries}.items()}
        self._keep(self._digests, reference, digests, seen)
        return digests

    def _keep(self, contents: OrderedDict[Reference, T], reference: Reference, content: T, seen: int) -> None:
        with self._lock:
            # The object may have changed while it was being read.
            if self._changes.get(reference, 0) == seen:
                contents[reference] = content
            while len(contents) > MAX_CONTENTS:
                contents.popitem(last=False)

    def _drop(self, reference: Reference) -> None:
        self._secrets.pop(reference, None)
        self._digests.pop(reference, None)
