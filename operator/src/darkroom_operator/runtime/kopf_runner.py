"""Runs kopf's watches until the operator stops, and restarts them when a kind is installed."""

import asyncio
import contextlib
import threading
from collections.abc import Sequence
from typing import Any

import kopf


class KopfRunner:
    """Runs kopf.

    On every event of a CRD kopf asks the API server for its kinds, several times at once when several CRDs are
    installed, and keeps the response that arrives last, which need not be the newest: then it does not watch a kind
    that is served. At its start it asks once. So kopf is restarted when a kind was added.
    """

    def __init__(
        self,
        registry: kopf.OperatorRegistry,
        settings: kopf.OperatorSettings,
        namespaces: Sequence[str],
        health_endpoint: str,
    ) -> None:
        self._registry = registry
        self._settings = settings
        self._namespaces = namespaces
        self._health_endpoint = health_endpoint
        self._lock = threading.Lock()
        self._running: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None
        self._restarting = False
        kopf.on.cleanup(registry=registry)(self._end)

    def run(self) -> None:
        """Watch until SIGTERM or SIGINT."""
        asyncio.run(self._watch())
        while self._restarting:
            asyncio.run(self._watch())

    def restart(self) -> None:
        """Restart kopf, so that it looks for kinds, lists and watches again. Safe to call from any thread."""
        with self._lock:
            if self._running is not None:
                self._restarting = True
                loop, stopping = self._running
                loop.call_soon_threadsafe(stopping.set)

    async def _watch(self) -> None:
        """Watch until kopf stops, by a signal or for a restart."""
        stopping = asyncio.Event()
        with self._lock:
            self._running = asyncio.get_running_loop(), stopping
            self._restarting = False
        try:
            with contextlib.suppress(asyncio.CancelledError):
                await kopf.operator(
                    registry=self._registry,
                    settings=self._settings,
                    standalone=True,
                    clusterwide=not self._namespaces,
                    namespaces=self._namespaces,
                    liveness_endpoint=self._health_endpoint,
                    stop_flag=stopping,
                )
        finally:
            with self._lock:
                self._running = None

    async def _end(self, **_: Any) -> None:
        """After a signal kopf's own task still waits for the stop flag, and kopf 5 s for that task."""
        if self._running is not None:
            self._running[1].set()
