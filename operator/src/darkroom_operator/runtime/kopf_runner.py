"""kopf's watches: they last until the operator ends, and begin anew when a kind is installed."""

import asyncio
import contextlib
import threading
from collections.abc import Sequence

import kopf


class Watches:
    """Runs kopf.

    kopf asks the API server for its kinds on every event of a CRD, several times at once when several are installed,
    and keeps what the last of the answers says, which need not be the newest: then it does not watch a kind that is
    there. When it starts it asks once. So it is started again when a kind has come.
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

    def run(self) -> None:
        """Watch until SIGTERM or SIGINT."""
        while asyncio.run(self._watch()):
            pass

    def begin_anew(self) -> None:
        """Ask which kinds there are, and list and watch them all; from any thread."""
        with self._lock:
            if self._running is not None:
                loop, anew = self._running
                loop.call_soon_threadsafe(anew.set)

    async def _watch(self) -> bool:
        """Watch; answers whether to begin anew."""
        anew = asyncio.Event()
        with self._lock:
            self._running = asyncio.get_running_loop(), anew
        try:
            with contextlib.suppress(asyncio.CancelledError):
                await kopf.operator(
                    registry=self._registry,
                    settings=self._settings,
                    standalone=True,
                    clusterwide=not self._namespaces,
                    namespaces=self._namespaces,
                    liveness_endpoint=self._health_endpoint,
                    stop_flag=anew,
                )
        finally:
            with self._lock:
                self._running = None
        return anew.is_set()
