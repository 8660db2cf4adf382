"""What users' pipelines refer to and we did not make: Secrets, model ConfigMaps, Kafka resources.

Their content is read when a reconciliation needs it and kept until a watch says that it changed. That watch asks for
metadata only: the Secrets and ConfigMaps of a whole cluster are much, and hardly any of them matters to us.
"""

import base64
import hashlib
import threading
from collections import OrderedDict, defaultdict
from collections.abc import Mapping
from typing import NamedTuple, TypeVar

from darkroom_operator.kube.api import Kube
from darkroom_operator.kube.kinds import CONFIG_MAP, SECRET, Kind
from darkroom_operator.runtime.work_queue import Key

REMEMBERED_CONTENTS = 10_000

T = TypeVar("T")


class Reference(NamedTuple):
    """An object that somebody refers to."""

    kind: Kind
    namespace: str
    name: str


class References:
    """Who refers to what, and what is in it; safe to use from several threads."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube
        self._lock = threading.Lock()
        self._users: dict[Reference, set[Key]] = defaultdict(set)
        self._used: dict[Key, set[Reference]] = {}
        self._secrets: OrderedDict[Reference, Mapping[str, bytes] | None] = OrderedDict()
        self._digests: OrderedDict[Reference, Mapping[str, str] | None] = OrderedDict()
        self._changes: dict[Reference, int] = {}

    def use(self, key: Key, *references: Reference) -> None:
        """Note that the pipeline `key` depends on `references`, beside what it depended on before."""
        with self._lock:
            self._used.setdefault(key, set()).update(references)
            for reference in references:
                self._users[reference].add(key)

    def forget(self, key: Key) -> None:
        """The pipeline `key` depends on nothing any more."""
        with self._lock:
            for reference in self._used.pop(key, set()):
                self._users[reference].discard(key)
                if not self._users[reference]:
                    del self._users[reference]
                    self._drop(reference)
                    self._changes.pop(reference, None)

    def changed(self, reference: Reference) -> set[Key]:
        """Drop what is known of `reference`; answers the pipelines that depend on it."""
        with self._lock:
            users = set(self._users.get(reference, ()))
            if users:
                self._changes[reference] = self._changes.get(reference, 0) + 1
                self._drop(reference)
            return users

    def changed_all(self) -> set[Key]:
        """Drop everything that is known, for a watch was interrupted; answers every pipeline that depends on any."""
        with self._lock:
            for reference in self._users:
                self._changes[reference] = self._changes.get(reference, 0) + 1
            self._secrets.clear()
            self._digests.clear()
            return set(self._used)

    def secret(self, key: Key, namespace: str, name: str) -> Mapping[str, bytes] | None:
        """The content of a Secret that the pipeline `key` depends on; None if there is no such Secret."""
        reference = Reference(SECRET, namespace, name)
        self.use(key, reference)
        with self._lock:
            if reference in self._secrets:
                return self._secrets[reference]
            seen = self._changes.get(reference, 0)
        live = self._kube.find(SECRET, namespace, name)
        content = None if live is None else {k: base64.b64decode(v) for k, v in (live.get("data") or {}).items()}
        self._keep(self._secrets, reference, content, seen)
        return content

    def config_map_digests(self, key: Key, namespace: str, name: str) -> Mapping[str, str] | None:
        """The SHA-256 of every value in a ConfigMap that the pipeline `key` depends on; None if there is none."""
        reference = Reference(CONFIG_MAP, namespace, name)
        self.use(key, reference)
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
            # It may have changed again while we were reading.
            if self._changes.get(reference, 0) == seen:
                contents[reference] = content
            while len(contents) > REMEMBERED_CONTENTS:
                contents.popitem(last=False)

    def _drop(self, reference: Reference) -> None:
        self._secrets.pop(reference, None)
        self._digests.pop(reference, None)
