"""The readiness of a service, queried over HTTP."""

import asyncio

from darkroom_cli.processes.ports import netloc

_TIMEOUT_S = 2.0
_LONGEST_ANSWER = 4_096


async def why_not_ready(host: str, port: int) -> str | None:
    """None if `/readyz` at the address responds with 200, else the reason in one line."""
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            head, body = await _get(host, port, "/readyz")
    except TimeoutError:
        return f"no response within {_TIMEOUT_S:.0f} s"
    except OSError:
        return "not listening yet"
    status = head.split(" ", 2)[1:2]
    return None if status == ["200"] else " ".join(body.split())[:200] or f"status {''.join(status)}"


async def _get(host: str, port: int, path: str) -> tuple[str, str]:
    """The status line and the body of the response. Without an HTTP client, which takes half a second to import."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {netloc(host, port)}\r\nConnection: close\r\n\r\n".encode())
        answer = (await reader.read(_LONGEST_ANSWER)).decode(errors="replace")
    finally:
        writer.close()
    head, _, body = answer.partition("\r\n\r\n")
    return head.partition("\r\n")[0], body
