"""Which of the kinds that may be missing are there: Strimzi may be installed after us, and so may Prometheus."""

import threading

from darkroom_operator.kube.api import Kube
from darkroom_operator.kube.kinds import OPTIONAL, Kind


class Presence:
    """What the API server serves, as of the last look."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube
        self._lock = threading.Lock()
        self._served: frozenset[Kind] = frozenset()

    def served(self, kind: Kind) -> bool:
        """Whether the API server knew `kind` when it was last asked."""
        with self._lock:
            return not kind.optional or kind in self._served

    def look(self) -> tuple[set[Kind], set[Kind]]:
        """Ask for every kind that may be missing; answers which came and which went since the last look."""
        one_of_each = {kind.api_version: kind for kind in OPTIONAL}
        resources = {version: self._kube.resources(kind) for version, kind in one_of_each.items()}
        served = frozenset(kind for kind in OPTIONAL if kind.plural in resources[kind.api_version])
        with self._lock:
            before, self._served = self._served, served
        return set(served - before), set(before - served)

    def doubt(self, kind: Kind) -> None:
        """Take `kind` for missing until the next look: a request was told that there is no such thing."""
        with self._lock:
            self._served -= {kind}
