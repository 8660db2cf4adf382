"""Listening sockets."""

import socket

from darkroom.errors import DarkroomError

_BACKLOG = 2_048


class CannotListen(DarkroomError):
    """The address or port can't be used."""


def listen(host: str, port: int) -> socket.socket:
    """Open a listening socket. Called before anything else starts.

    Raises:
        CannotListen: the port is in use, or the address is not local.
    """
    try:
        info = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listening = socket.socket(info[0], info[1])
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(info[4])
        listening.listen(_BACKLOG)
    except OSError as error:
        raise CannotListen(f"can't listen on {host} port {port}: {error.strerror or error}") from error
    return listening


def urls_of(listening: socket.socket, probes: socket.socket | None, *, tls: bool) -> dict[str, str]:
    """The URLs of the HTTP API and of the listener for probes, for the log."""
    urls = {"url": _url_of(listening, "https" if tls else "http")}
    return urls if probes is None else urls | {"probes": _url_of(probes, "http")}


def _url_of(listening: socket.socket, scheme: str) -> str:
    host, port = listening.getsockname()[:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
