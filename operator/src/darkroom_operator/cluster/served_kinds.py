"""Which of the optional kinds the API server serves: Strimzi and Prometheus may be installed later."""

import threading

from darkroom_operator.kube.api import Kube
from darkroom_operator.kube.kinds import OPTIONAL, Kind


class ServedKinds:
    """The optional kinds that the API server served at the last refresh."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube
        self._lock = threading.Lock()
        self._served: frozenset[Kind] = frozenset()

    def has(self, kind: Kind) -> bool:
        """Whether the API server served `kind` at the last refresh; always true for a kind that is not optional."""
        with self._lock:
            return not kind.optional or kind in self._served

    def refresh(self) -> tuple[set[Kind], set[Kind]]:
        """Query every optional kind. Returns the kinds added and the kinds removed since the last refresh."""
        one_of_each = {kind.api_version: kind for kind in OPTIONAL}
        resources = {version: self._kube.resources(kind) for version, kind in one_of_each.items()}
        served = frozenset(kind for kind in OPTIONAL if kind.plural in resources[kind.api_version])
        with self._lock:
            before, self._served = self._served, served
        return set(served - before), set(before - served)

    def mark_missing(self, kind: Kind) -> None:
        """Treat `kind` as not served until the next refresh, because a request for it failed with 404."""
        with self._lock:
            self._served -= {kind}
