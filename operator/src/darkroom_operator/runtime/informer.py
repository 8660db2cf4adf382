"""The one way in which news of the cluster reaches the cache and the queue."""

from collections.abc import Callable, Iterable

from darkroom_operator.cluster.cache import Cache, owner_of
from darkroom_operator.cluster.claims import Claims
from darkroom_operator.cluster.references import Reference, References
from darkroom_operator.kube.api import Page
from darkroom_operator.kube.kinds import IMAGE_PIPELINE, KAFKA, Kind
from darkroom_operator.kube.transport import Manifest
from darkroom_operator.runtime.work_queue import Key


class Feed:
    """Takes events and lists, remembers what they say, and queues the pipelines that they concern."""

    def __init__(self, cache: Cache, claims: Claims, references: References, add: Callable[[Key], None]) -> None:
        self._cache = cache
        self._claims = claims
        self._references = references
        self._add = add

    def take(self, kind: Kind, live: Manifest, *, deleted: bool = False) -> None:
        """One object was made, changed or deleted. What we know already, such as our own writes, wakes nobody."""
        if deleted:
            self._cache.remove(kind, live)
        elif not self._cache.put(kind, live):
            return
        self._tell(kind, live, deleted=deleted)

    def take_all(self, kind: Kind, pages: Iterable[Page], namespace: str | None) -> None:
        """A complete list: what is not in it is gone."""
        for key in self._cache.replace_all(kind, self._claimed(kind, pages), namespace):
            self._add(key)
            if kind is IMAGE_PIPELINE and self._cache.get(kind, *key) is None:
                self._wake(self._claims.update(key, None))

    def _claimed(self, kind: Kind, pages: Iterable[Page]) -> Iterable[Page]:
        for page in pages:
            yield page
            if kind in {IMAGE_PIPELINE, KAFKA}:
                for live in page.items:
                    self._tell(kind, live, deleted=False)

    def _tell(self, kind: Kind, live: Manifest, *, deleted: bool) -> None:
        key = owner_of(kind, live)
        if key is not None:
            self._add(key)
        if kind is IMAGE_PIPELINE and key is not None:
            self._wake(self._claims.update(key, None if deleted else live))
        if kind is KAFKA:
            metadata = live["metadata"]
            self._wake(self._references.changed(Reference(kind, metadata["namespace"], metadata["name"])))

    def _wake(self, keys: Iterable[Key]) -> None:
        for key in keys:
            self._add(key)
