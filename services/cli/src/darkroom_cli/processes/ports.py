"""TCP ports on this machine: checked, reserved and released."""

import ipaddress
import random
import socket
import sys
from pathlib import Path

from darkroom.errors import DarkroomError

HOST = "127.0.0.1"

_LOWEST = 10_000
_DEFAULT_EPHEMERAL = 32_768
_TRIES = 200
_CONNECT_TIMEOUT_S = 1.0


def why_not_free(port: int, host: str = HOST) -> str | None:
    """Why a server can't listen on the port; None if it can. Closed connections are ignored, as by Kafka."""
    try:
        info = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        with socket.socket(info[0], info[1]) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(info[4])
            probe.listen(1)
    except OSError as error:
        return error.strerror or str(error)
    return None


def reached_at(host: str) -> str:
    """The address at which this machine reaches a server that listens on `host`: of all addresses, 127.0.0.1."""
    try:
        return HOST if not host or ipaddress.ip_address(host).is_unspecified else host
    except ValueError:
        return host


def netloc(host: str, port: int) -> str:
    """The address as in a URL."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class Reservation:
    """A free port that no other reservation gets before `release()`. A server can listen on it in the meantime.

    On Linux, two sockets with SO_REUSEADDR can bind one port as long as at most one of them listens. On other systems
    the port is only known to be free now.

    The port is below the kernel's range for outgoing connections. `bind(0)` would choose from that range, and a client
    that keeps reconnecting to a stopped broker could get the broker's port as its local port, connect to itself, and
    block the port.
    """

    def __init__(self) -> None:
        highest = _lowest_ephemeral() - 1
        for _ in range(_TRIES):
            self._socket = socket.socket()
            try:
                # First without SO_REUSEADDR, so that the port of another reservation can't be bound.
                self._socket.bind((HOST, random.randint(_LOWEST, highest)))
            except OSError:
                self._socket.close()
                continue
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.port: int = self._socket.getsockname()[1]
            if sys.platform != "linux":
                self.release()
            return
        raise DarkroomError(f"no free port on {HOST} between {_LOWEST} and {highest}")

    def release(self) -> None:
        """Release the port. Safe to call twice."""
        self._socket.close()


def accepts_connections(port: int) -> bool:
    """Whether a server listens on the port."""
    try:
        socket.create_connection((HOST, port), _CONNECT_TIMEOUT_S).close()
    except OSError:
        return False
    return True


def _lowest_ephemeral() -> int:
    try:
        text = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii")
    except OSError:
        return _DEFAULT_EPHEMERAL
    lowest = int(text.split()[0])
    return lowest if lowest > _LOWEST + _TRIES else _DEFAULT_EPHEMERAL
