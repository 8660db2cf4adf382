"""What a reconciliation sees of the cluster, and the one way in which it changes it."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from http import HTTPStatus

from darkroom import names
from darkroom.errors import DarkroomError
from darkroom_operator.cluster.apply import is_as_desired, marked
from darkroom_operator.cluster.cache import Cache, owner_of
from darkroom_operator.cluster.claims import Claims
from darkroom_operator.cluster.presence import Presence
from darkroom_operator.cluster.references import References
from darkroom_operator.kube.api import Kube
from darkroom_operator.kube.errors import ApiError
from darkroom_operator.kube.kinds import Kind
from darkroom_operator.kube.transport import Manifest
from darkroom_operator.runtime.work_queue import Key

REMEMBERED_APPLIES = 100_000


class TakenByAnother(DarkroomError):
    """An object of the name that we want is there, and is not ours."""

    def __init__(self, kind: Kind, namespace: str, name: str, owner: Key | None) -> None:
        whose = (
            f"belongs to ImagePipeline {owner}: rename one of the two"
            if owner
            else "is not ours: rename one, or delete it"
        )
        super().__init__(f"{kind} {namespace}/{name} {whose}")


@dataclass(frozen=True)
class _Applied:
    version: str
    digest: str


class World:
    """The cluster: reads come from the cache, writes happen only where something differs."""

    def __init__(
        self,
        kube: Kube,
        cache: Cache,
        claims: Claims,
        presence: Presence,
        references: References,
        namespaces: tuple[str, ...],
    ) -> None:
        self.kube = kube
        self.cache = cache
        self.claims = claims
        self.presence = presence
        self.references = references
        self._namespaces = namespaces
        self._applied: OrderedDict[str, _Applied] = OrderedDict()
        self._lock = threading.Lock()

    def sees(self, namespace: str) -> bool:
        """Whether the operator was told to work in `namespace`; everywhere if it was told nothing."""
        return not self._namespaces or namespace in self._namespaces

    def ensure(self, kind: Kind, desired: Manifest) -> Manifest:
        """Make `desired` be there as it is, and answer what is there now.

        An object that is being deleted is left alone: its end is an event, and it will be made anew then.

        Raises:
            TakenByAnother: the name is in use.
            ApiError: the API server refuses.
        """
        desired = marked(desired)
        metadata = desired["metadata"]
        live = self.cache.get(kind, metadata["namespace"], metadata["name"])
        if live is None:
            return self._take(kind, desired)
        _check_owner(kind, desired, live)
        if "deletionTimestamp" in live["metadata"] or is_as_desired(desired, live) or self._made_so(desired, live):
            return live
        return self._apply(kind, desired, force=True)

    def remove(self, kind: Kind, live: Manifest) -> None:
        """Delete `live`, unless that has begun already."""
        if "deletionTimestamp" not in live["metadata"]:
            self.kube.delete(kind, live)

    def _take(self, kind: Kind, desired: Manifest) -> Manifest:
        """Make an object that we know nothing of.

        Server-side apply merges into whatever is there, and our owner reference would have the garbage collector delete
        it one day: so look first, and do not force.
        """
        metadata = desired["metadata"]
        there = kind, metadata["namespace"], metadata["name"]
        live = self.kube.find_lately(*there)
        if live is None:
            try:
                return self._apply(kind, desired, force=False)
            except ApiError as error:
                if not error.is_conflict:
                    raise
            live = self.kube.find(*there)
        if live is not None:
            _check_owner(kind, desired, live)
        return self._apply(kind, desired, force=True)

    def _apply(self, kind: Kind, desired: Manifest, *, force: bool) -> Manifest:
        try:
            live = self.kube.apply(kind, desired, force=force)
        except ApiError as error:
            if error.is_not_found:
                self.presence.doubt(kind)
            raise
        self.cache.put(kind, live)
        metadata = live["metadata"]
        with self._lock:
            self._applied[metadata["uid"]] = _Applied(metadata["resourceVersion"], _digest(desired))
            self._applied.move_to_end(metadata["uid"])
            while len(self._applied) > REMEMBERED_APPLIES:
                self._applied.popitem(last=False)
        return live

    def _made_so(self, desired: Manifest, live: Manifest) -> bool:
        """Whether `live` is what came of applying exactly this: then once more would change nothing either.

        A webhook may hold another opinion than ours; that must not become a quarrel without end.
        """
        with self._lock:
            applied = self._applied.get(live["metadata"]["uid"])
        return applied == _Applied(live["metadata"]["resourceVersion"], _digest(desired))


def _digest(desired: Manifest) -> str:
    digest: str = desired["metadata"]["annotations"][names.ANNOTATION_APPLIED]
    return digest


def _check_owner(kind: Kind, desired: Manifest, live: Manifest) -> None:
    """See that `live` is ours to change.

    Raises:
        TakenByAnother: it belongs to somebody else.
        ApiError: it belonged to a pipeline of the same name that was deleted, and will be gone in a moment.
    """
    ours, theirs = owner_of(kind, desired), owner_of(kind, live)
    metadata = live["metadata"]
    uids = {owner["uid"] for owner in desired["metadata"].get("ownerReferences", [])}
    if theirs is None and any(owner["uid"] in uids for owner in metadata.get("ownerReferences", [])):
        return  # somebody took our labels off
    if uids and _owning_pipelines(live) - uids:
        name = f"{kind} {metadata['namespace']}/{metadata['name']}"
        raise ApiError(HTTPStatus.CONFLICT, "Conflict", f"{name} belonged to a deleted pipeline, and is not gone yet")
    if theirs != ours:
        raise TakenByAnother(kind, metadata["namespace"], metadata["name"], theirs)


def _owning_pipelines(live: Manifest) -> set[str]:
    """The pipelines that own `live`."""
    owners = live["metadata"].get("ownerReferences", [])
    return {owner["uid"] for owner in owners if owner["kind"] == names.KIND}
