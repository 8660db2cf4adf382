"""Leader election: only the replica that holds the Lease may write."""

import threading
import time
from collections.abc import Callable

import structlog

from darkroom_operator.kube.api import Kube
from darkroom_operator.kube.errors import ApiError
from darkroom_operator.kube.kinds import LEASE
from darkroom_operator.kube.transport import Manifest
from darkroom_operator.runtime.lease import held_lease, may_take, released_lease

DURATION_S = 15

log = structlog.get_logger(__name__)


class LeaderElection:
    """Holds the Lease or waits for it, in a separate thread.

    Clocks of different machines are never compared: a Lease has expired once this replica has seen no change of it
    for its duration.
    """

    def __init__(
        self,
        kube: Kube,
        namespace: str,
        name: str,
        identity: str,
        on_elected: Callable[[], None],
        *,
        duration_s: int = DURATION_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._kube = kube
        self._namespace = namespace
        self._name = name
        self._identity = identity
        self._on_elected = on_elected
        self._clock = clock
        self._duration_s = duration_s
        self._renew_s = duration_s / 4
        # The leader stops writing this long before others may take over, because its last write may be in flight.
        self._margin_s = duration_s / 4
        self._held_until = float("-inf")
        self._was_leader = False
        self._observed: tuple[str, float] = ("", 0.0)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lease", daemon=True)

    def is_leader(self) -> bool:
        """Whether this replica may write now."""
        return self._clock() < self._held_until

    def start(self) -> None:
        """Start participating in the election."""
        self._thread.start()

    def stop(self) -> None:
        """Release the Lease, so that the next leader does not have to wait until it expires."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=self._duration_s)
        if not self.is_leader():
            return
        self._held_until = float("-inf")
        try:
            live = self._kube.find(LEASE, self._namespace, self._name)
            if live is not None and live["spec"].get("holderIdentity") == self._identity:
                self._kube.replace(LEASE, released_lease(live))
        except ApiError as error:
            log.warning("lease could not be released", error=error.message)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._try_to_hold()
            except ApiError as error:
                log.warning("lease could not be renewed", error=error.message)
            except Exception:
                log.exception("lease could not be renewed")
            is_leader = self.is_leader()
            if is_leader and not self._was_leader:
                log.info("became the leader", lease=f"{self._namespace}/{self._name}", identity=self._identity)
                self._on_elected()
            elif self._was_leader and not is_leader:
                log.warning("lost the leadership", identity=self._identity)
            self._was_leader = is_leader
            self._stopping.wait(self._renew_s if is_leader else self._renew_s / 2)

    def _try_to_hold(self) -> None:
        """Acquire or renew the Lease, unless another replica holds it."""
        asked_at = self._clock()
        live = self._kube.find(LEASE, self._namespace, self._name)
        if live is not None and not self._may_take(live):
            self._held_until = float("-inf")
            return
        held = held_lease(live, self._namespace, self._name, self._identity, self._duration_s)
        if live is None:
            self._kube.create(LEASE, held)
        else:
            self._kube.replace(LEASE, held)
        self._held_until = asked_at + self._duration_s - self._margin_s

    def _may_take(self, live: Manifest) -> bool:
        version = live["metadata"]["resourceVersion"]
        if self._observed[0] != version:
            self._observed = (version, self._clock())
        unchanged_s = self._clock() - self._observed[1]
        return may_take(live, self._identity, unchanged_s=unchanged_s, default_duration_s=self._duration_s)
