"""Leader election: of all replicas, the one that holds the Lease may write."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

import structlog

from darkroom_operator.kube.api import Kube
from darkroom_operator.kube.errors import ApiError
from darkroom_operator.kube.kinds import LEASE
from darkroom_operator.kube.transport import Manifest

DURATION_S = 15

log = structlog.get_logger(__name__)


class Leadership:
    """Holds the Lease, or waits for it, in a thread of its own.

    Clocks of different machines are never compared: a Lease has run out when we have seen no change of it for its
    whole duration.
    """

    def __init__(
        self,
        kube: Kube,
        namespace: str,
        name: str,
        identity: str,
        on_lead: Callable[[], None],
        *,
        duration_s: int = DURATION_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._kube = kube
        self._namespace = namespace
        self._name = name
        self._identity = identity
        self._on_lead = on_lead
        self._clock = clock
        self._duration_s = duration_s
        self._renew_s = duration_s / 4
        # A leader stops writing this long before others may take over: a write of its may still be on its way.
        self._margin_s = duration_s / 4
        self._held_until = float("-inf")
        self._led = False
        self._seen: tuple[str, float] = ("", 0.0)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lease", daemon=True)

    def leads(self) -> bool:
        """Whether we may write now."""
        return self._clock() < self._held_until

    def start(self) -> None:
        """Begin to stand for election."""
        self._thread.start()

    def stop(self) -> None:
        """Give the Lease back, so that the next leader need not wait for it to run out."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=self._duration_s)
        if not self.leads():
            return
        self._held_until = float("-inf")
        try:
            live = self._kube.find(LEASE, self._namespace, self._name)
            if live is not None and live["spec"].get("holderIdentity") == self._identity:
                self._kube.replace(LEASE, {**live, "spec": {**live["spec"], "holderIdentity": ""}})
        except ApiError as error:
            log.warning("lease not given back", error=error.message)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._stand()
            except ApiError as error:
                log.warning("lease not renewed", error=error.message)
            leads = self.leads()
            if leads and not self._led:
                log.info("leading", lease=f"{self._namespace}/{self._name}", identity=self._identity)
                self._on_lead()
            elif self._led and not leads:
                log.warning("no longer leading", identity=self._identity)
            self._led = leads
            self._stopping.wait(self._renew_s if leads else self._renew_s / 2)

    def _stand(self) -> None:
        """Take, renew or leave the Lease, whichever is due."""
        asked_at = self._clock()
        live = self._kube.find(LEASE, self._namespace, self._name)
        if live is None:
            self._kube.create(LEASE, self._claim({}, transitions=0))
        elif not self._may_take(live):
            self._held_until = float("-inf")
            return
        else:
            spec = live["spec"]
            ours = spec.get("holderIdentity") == self._identity
            transitions = spec.get("leaseTransitions", 0) + (0 if ours else 1)
            self._kube.replace(LEASE, self._claim(live, transitions=transitions))
        self._held_until = asked_at + self._duration_s - self._margin_s

    def _may_take(self, live: Manifest) -> bool:
        holder, version = live["spec"].get("holderIdentity"), live["metadata"]["resourceVersion"]
        if self._seen[0] != version:
            self._seen = (version, self._clock())
        duration_s = live["spec"].get("leaseDurationSeconds", self._duration_s)
        return holder in {self._identity, "", None} or self._clock() - self._seen[1] > duration_s

    def _claim(self, live: Manifest, *, transitions: int) -> Manifest:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        spec = live.get("spec", {})
        acquired = spec.get("acquireTime", now) if spec.get("holderIdentity") == self._identity else now
        return {
            "apiVersion": LEASE.api_version,
            "kind": LEASE.name,
            "metadata": live.get("metadata", {"name": self._name, "namespace": self._namespace}),
            "spec": {
                "holderIdentity": self._identity,
                "leaseDurationSeconds": self._duration_s,
                "acquireTime": acquired,
                "renewTime": now,
                "leaseTransitions": transitions,
            },
        }
