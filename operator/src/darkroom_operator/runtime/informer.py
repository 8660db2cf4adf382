"""The informer: applies watch events and lists to the cache, and queues the pipelines that they concern."""

from collections.abc import Callable, Iterable

from darkroom_operator.cluster.cache import Cache, owner_of
from darkroom_operator.cluster.name_claims import NameClaims
from darkroom_operator.cluster.references import Reference, References
from darkroom_operator.kube.api import Page
from darkroom_operator.kube.keys import PipelineKey
from darkroom_operator.kube.kinds import IMAGE_PIPELINE, KAFKA, Kind
from darkroom_operator.kube.transport import Manifest


class Informer:
    """Receives all observed changes of the cluster and passes them to the cache and the queue."""

    def __init__(
        self, cache: Cache, claims: NameClaims, references: References, add: Callable[[PipelineKey], None]
    ) -> None:
        self._cache = cache
        self._claims = claims
        self._references = references
        self._add = add

    def apply_event(self, kind: Kind, live: Manifest, *, deleted: bool = False) -> None:
        """Apply one watch event. A version that is already cached, such as the operator's own write, is ignored."""
        if deleted:
            self._cache.remove(kind, live)
        elif not self._cache.put(kind, live):
            return
        self._queue_affected(kind, live, deleted=deleted)

    def replace_all(self, kind: Kind, pages: Iterable[Page], namespace: str | None) -> None:
        """Apply a complete list: objects that are not in it are deleted. Objects that are as known queue nothing."""

        def changed(live: Manifest) -> None:
            self._queue_affected(kind, live, deleted=False)

        for key in self._cache.replace_all(kind, pages, namespace, changed):
            self._add(key)
            if kind is IMAGE_PIPELINE and self._cache.get(kind, *key) is None:
                self._queue(self._claims.update(key, None))

    def _queue_affected(self, kind: Kind, live: Manifest, *, deleted: bool) -> None:
        key = owner_of(kind, live)
        if key is not None:
            self._add(key)
        if kind is IMAGE_PIPELINE and key is not None:
            self._queue(self._claims.update(key, None if deleted else live))
        if kind is KAFKA:
            metadata = live["metadata"]
            self._queue(self._references.invalidate(Reference(kind, metadata["namespace"], metadata["name"])))

    def _queue(self, keys: Iterable[PipelineKey]) -> None:
        for key in keys:
            self._add(key)
