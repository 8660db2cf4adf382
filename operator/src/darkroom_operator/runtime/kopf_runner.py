"""Runs kopf's watches until the operator stops, and restarts them when a kind is installed."""

import asyncio
import contextlib
import threading
from collections.abc import Sequence
from typing import Any

import kopf


class KopfRunner:
    """Runs kopf.

    After every event of a CRD, kopf queries the kinds of the API server. If several CRDs are installed, the queries
    run in parallel and kopf keeps the response that arrives last, which may be outdated: then it does not watch a kind
    that is served. At its start it queries them once. Therefore kopf is restarted when a kind is added.
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
        """Restart kopf, so that it queries kinds, lists and watches again. Thread-safe."""
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
        """Set the stop flag after a signal: a task of kopf waits for it, and kopf would wait 5 s for the task."""
        if self._running is not None:
            self._running[1].set()
