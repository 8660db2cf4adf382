"""The readiness of a service, queried over HTTP."""

import asyncio

from darkroom_cli.processes.ports import HOST

_TIMEOUT_S = 2.0
_LONGEST_ANSWER = 4_096


async def why_not_ready(port: int) -> str | None:
    """None if `/readyz` on the port responds with 200, else the reason in one line."""
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            head, body = await _get(port, "/readyz")
    except TimeoutError:
        return f"no response within {_TIMEOUT_S:.0f} s"
    except OSError:
        return "not listening yet"
    status = head.split(" ", 2)[1:2]
    return None if status == ["200"] else " ".join(body.split())[:200] or f"status {''.join(status)}"


async def _get(port: int, path: str) -> tuple[str, str]:
    """The status line and the body of the response. Without an HTTP client, which takes half a second to import."""
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {HOST}:{port}\r\nConnection: close\r\n\r\n".encode())
        answer = (await reader.read(_LONGEST_ANSWER)).decode(errors="replace")
    finally:
        writer.close()
    head, _, body = answer.partition("\r\n\r\n")
    return head.partition("\r\n")[0], body
