"""The cluster for a reconciliation: cached reads, and the only code that creates, changes and deletes objects."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from http import HTTPStatus

from darkroom import names
from darkroom.errors import DarkroomError
from darkroom_operator.cluster.cache import Cache, owner_of
from darkroom_operator.cluster.drift import is_as_desired, with_applied_hash
from darkroom_operator.cluster.name_claims import NameClaims
from darkroom_operator.cluster.references import References
from darkroom_operator.cluster.served_kinds import ServedKinds
from darkroom_operator.kube.api import Kube
from darkroom_operator.kube.errors import ApiError
from darkroom_operator.kube.keys import PipelineKey
from darkroom_operator.kube.kinds import Kind
from darkroom_operator.kube.transport import Manifest

MAX_APPLIED = 100_000


class OwnedByAnother(DarkroomError):
    """An object with the desired name exists and is not managed for this pipeline."""

    def __init__(self, kind: Kind, namespace: str, name: str, owner: PipelineKey | None) -> None:
        explanation = (
            f"belongs to ImagePipeline {owner}: rename one of the pipelines or its stage"
            if owner
            else "exists and was not created by this operator: delete it, or rename the pipeline or the stage"
        )
        super().__init__(f"{kind} {namespace}/{name} {explanation}")


@dataclass(frozen=True)
class _Applied:
    version: str
    digest: str


class World:
    """Reads come from the cache; an object is written only if it differs from the desired one."""

    def __init__(
        self,
        kube: Kube,
        cache: Cache,
        claims: NameClaims,
        served_kinds: ServedKinds,
        references: References,
        namespaces: tuple[str, ...],
    ) -> None:
        self.kube = kube
        self.cache = cache
        self.claims = claims
        self.served_kinds = served_kinds
        self.references = references
        self._namespaces = namespaces
        self._applied: OrderedDict[str, _Applied] = OrderedDict()
        self._lock = threading.Lock()

    def includes(self, namespace: str) -> bool:
        """Whether the operator watches `namespace`: any, unless a list is configured."""
        return not self._namespaces or namespace in self._namespaces

    def ensure(self, kind: Kind, desired: Manifest) -> Manifest:
        """Create the object or bring it to `desired`. Returns the live object.

        An object that is being deleted is not changed. The event of its deletion triggers a reconciliation, which
        creates it again.

        Raises:
            OwnedByAnother: the name is in use.
            ApiError: the API server refused a request.
        """
        desired = with_applied_hash(desired)
        metadata = desired["metadata"]
        live = self.cache.get(kind, metadata["namespace"], metadata["name"])
        if live is None:
            return self._create(kind, desired)
        _check_owner(kind, desired, live)
        if (
            "deletionTimestamp" in live["metadata"]
            or is_as_desired(desired, live)
            or self._already_applied(desired, live)
        ):
            return live
        return self._apply(kind, desired, force=True)

    def remove(self, kind: Kind, live: Manifest) -> None:
        """Delete `live` unless it is being deleted already."""
        if "deletionTimestamp" not in live["metadata"]:
            self.kube.delete(kind, live)

    def _create(self, kind: Kind, desired: Manifest) -> Manifest:
        """Create an object that is not in the cache.

        Server-side apply would merge into an existing object and add the operator's owner reference, and the garbage
        collector would eventually delete the object. So check first, and do not force.
        """
        metadata = desired["metadata"]
        wanted = kind, metadata["namespace"], metadata["name"]
        live = self.kube.find_cached(*wanted)
        if live is None:
            try:
                return self._apply(kind, desired, force=False)
            except ApiError as error:
                if not error.is_conflict:
                    raise
            live = self.kube.find(*wanted)
        if live is not None:
            _check_owner(kind, desired, live)
        return self._apply(kind, desired, force=True)

    def _apply(self, kind: Kind, desired: Manifest, *, force: bool) -> Manifest:
        try:
            live = self.kube.apply(kind, desired, force=force)
        except ApiError as error:
            if error.is_not_found:
                self.served_kinds.mark_missing(kind)
            raise
        self.cache.put(kind, live)
        metadata = live["metadata"]
        with self._lock:
            self._applied[metadata["uid"]] = _Applied(metadata["resourceVersion"], _digest(desired))
            self._applied.move_to_end(metadata["uid"])
            while len(self._applied) > MAX_APPLIED:
                self._applied.popitem(last=False)
        return live

    def _already_applied(self, desired: Manifest, live: Manifest) -> bool:
        """Whether `live` is the result of applying exactly `desired`, so that applying it again would change nothing.

        Without this, an admission webhook that changes an object would make the operator write it again and again.
        """
        with self._lock:
            applied = self._applied.get(live["metadata"]["uid"])
        return applied == _Applied(live["metadata"]["resourceVersion"], _digest(desired))


def _digest(desired: Manifest) -> str:
    digest: str = desired["metadata"]["annotations"][names.ANNOTATION_APPLIED]
    return digest


def _check_owner(kind: Kind, desired: Manifest, live: Manifest) -> None:
    """Check that `live` may be changed for the owner of `desired`.

    Raises:
        OwnedByAnother: it belongs to another pipeline, or was not created by the operator.
        ApiError: it belonged to a deleted pipeline of the same name, and the garbage collector has not removed it yet.
    """
    ours, theirs = owner_of(kind, desired), owner_of(kind, live)
    metadata = live["metadata"]
    uids = {owner["uid"] for owner in desired["metadata"].get("ownerReferences", [])}
    if theirs is None and any(owner["uid"] in uids for owner in metadata.get("ownerReferences", [])):
        return  # the labels were removed, the owner reference remains
    if uids and _owning_pipelines(live) - uids:
        name = f"{kind} {metadata['namespace']}/{metadata['name']}"
        raise ApiError(HTTPStatus.CONFLICT, "Conflict", f"{name} belongs to a deleted pipeline and is not removed yet")
    if theirs != ours:
        raise OwnedByAnother(kind, metadata["namespace"], metadata["name"], theirs)


def _owning_pipelines(live: Manifest) -> set[str]:
    """The UIDs of the pipelines that own `live`."""
    owners = live["metadata"].get("ownerReferences", [])
    return {owner["uid"] for owner in owners if owner["kind"] == names.KIND}
