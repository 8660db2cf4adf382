"""Which of the kinds that may be missing are there: Strimzi may be installed after us, and so may Prometheus."""

import threading

from darkroom_operator.kube.api import Kube
from darkroom_operator.kube.kinds import Kind


class Presence:
    """What the API server serves; asked once, and again by `look_again` while it is missing."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube
        self._lock = threading.Lock()
        self._served: dict[Kind, bool] = {}

    def served(self, kind: Kind) -> bool:
        """Whether the API server knows `kind`, as of a few seconds ago."""
        if not kind.optional:
            return True
        with self._lock:
            known = self._served.get(kind)
        return self._look(kind) if known is None else known

    def look_again(self) -> list[Kind]:
        """Ask for every kind that was missing; answers those that are there now."""
        with self._lock:
            missing = [kind for kind, served in self._served.items() if not served]
        return [kind for kind in missing if self._look(kind)]

    def doubt(self, kind: Kind) -> None:
        """Ask the next time: a request was told that there is no such thing."""
        with self._lock:
            self._served.pop(kind, None)

    def _look(self, kind: Kind) -> bool:
        served = self._kube.is_served(kind)
        with self._lock:
            self._served[kind] = served
        return served
