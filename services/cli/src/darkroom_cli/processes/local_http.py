"""GET requests to services on this machine, without an HTTP client: that takes half a second to import."""

import asyncio

from darkroom_cli.processes.ports import netloc


async def get(host: str, port: int, path: str) -> tuple[str, str]:
    """The status line and the body of the response.

    Raises:
        OSError: nothing listens there.
    """
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {netloc(host, port)}\r\nConnection: close\r\n\r\n".encode())
        answer = (await reader.read()).decode(errors="replace")
    finally:
        writer.close()
    head, _, body = answer.partition("\r\n\r\n")
    return head.partition("\r\n")[0], body
