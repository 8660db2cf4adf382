"""Heartbeats of streams, and waiting for the next event or heartbeat."""

import asyncio
from typing import Final

HEARTBEAT_S = 10.0
# A comment without an empty line, so that no parser dispatches an event.
HEARTBEAT: Final = b": still there\n"


def heartbeat_time() -> float:
    """When the next heartbeat is due, unless something is sent before. Time of the event loop."""
    return asyncio.get_running_loop().time() + HEARTBEAT_S


async def woken(until: float, *signals: asyncio.Event) -> None:
    """Wait until one of `signals` is set, at most until `until`. Time of the event loop."""
    waits = [asyncio.ensure_future(signal.wait()) for signal in signals]
    try:
        left_s = until - asyncio.get_running_loop().time()
        await asyncio.wait(waits, timeout=max(0.0, left_s), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
