"""The thread of the autoscaler: decides at intervals while this replica is the leader."""

import threading
from collections.abc import Callable

import structlog

from darkroom_operator.kube.errors import NotLeader
from darkroom_operator.scaling.autoscaler import Autoscaler

LOOKS = 3
"""Looks at stages without workers in an interval: their first image should not wait for the next decision."""

STOP_S = 20.0

log = structlog.get_logger(__name__)


class ScalingLoop:
    """Calls the autoscaler every few seconds."""

    def __init__(self, autoscaler: Autoscaler, *, may_run: Callable[[], bool], interval_s: float) -> None:
        self._autoscaler = autoscaler
        self._interval_s = interval_s
        self._may_run = may_run
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="autoscaler", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after the decisions in progress."""
        self._stopping.set()
        self._thread.join(timeout=STOP_S)
        self._autoscaler.close()

    def _run(self) -> None:
        looks = 0
        while not self._stopping.wait(self._interval_s / LOOKS):
            if not self._may_run():
                # Only after it has led: what is registered while it is being elected must stay.
                if looks:
                    self._autoscaler.forget()
                looks = 0
                continue
            try:
                if looks % LOOKS == 0:
                    self._autoscaler.decide_all()
                else:
                    self._autoscaler.decide_for_new_images()
            except NotLeader:
                log.info("this replica is no longer the leader")
            except Exception:
                log.exception("the number of workers could not be decided")
            looks += 1
