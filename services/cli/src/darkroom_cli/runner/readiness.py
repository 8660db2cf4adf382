"""The readiness of a service, queried over HTTP."""

import asyncio

from darkroom_cli.processes.local_http import get

_TIMEOUT_S = 2.0


async def why_not_ready(host: str, port: int) -> str | None:
    """None if `/readyz` at the address responds with 200, else the reason in one line."""
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            head, body = await get(host, port, "/readyz")
    except TimeoutError:
        return f"no response within {_TIMEOUT_S:.0f} s"
    except OSError:
        return "not listening yet"
    status = head.split(" ", 2)[1:2]
    return None if status == ["200"] else " ".join(body.split())[:200] or f"status {''.join(status)}"
