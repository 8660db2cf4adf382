"""Connections of an HTTP client to a port of a pod, through the API server. No local port is opened."""

import select
import ssl
import time
from collections.abc import Callable
from typing import Any

import httpcore
import httpx

OpenStream = Callable[[], Any]
"""Opens a port-forward, and returns its socket. May raise httpcore.ConnectError."""


class PodTransport(httpx.HTTPTransport):
    """Sends the requests of an httpx client through port-forwards, whatever the host of the URL."""

    def __init__(self, open_stream: OpenStream, connections: int) -> None:
        """Opens at most so many port-forwards at a time."""
        # The API server answers for the pod, and encrypts the port-forward: the pod's certificate is for other names.
        super().__init__(verify=False)
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(verify=False),
            max_connections=connections,
            max_keepalive_connections=connections,
            network_backend=_Backend(open_stream),
        )


class _Backend(httpcore.NetworkBackend):
    """Opens a port-forward for each connection."""

    def __init__(self, open_stream: OpenStream) -> None:
        self._open_stream = open_stream

    def connect_tcp(self, *_: object, **__: object) -> httpcore.NetworkStream:
        """A connection to the pod, whatever the host and the port."""
        return _Stream(self._open_stream())

    def sleep(self, seconds: float) -> None:
        """Wait between attempts."""
        time.sleep(seconds)


class _Stream(httpcore.NetworkStream):
    """A socket that a thread of the Kubernetes client forwards to the pod."""

    def __init__(self, forwarded: Any) -> None:
        self._socket = forwarded

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Receive at most so many bytes; none at the end."""
        self._socket.settimeout(timeout)
        try:
            received: bytes = self._socket.recv(max_bytes)
        except TimeoutError as error:
            raise httpcore.ReadTimeout("no response in time") from error
        except OSError as error:
            raise httpcore.ReadError(str(error)) from error
        return received

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all bytes."""
        self._socket.settimeout(timeout)
        try:
            self._socket.sendall(buffer)
        except TimeoutError as error:
            raise httpcore.WriteTimeout("the request could not be sent in time") from error
        except OSError as error:
            raise httpcore.WriteError(str(error)) from error

    def close(self) -> None:
        """End the port-forward."""
        self._socket.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """TLS within the port-forward, for a pod that speaks nothing else."""
        self._socket.settimeout(timeout)
        try:
            return _Stream(ssl_context.wrap_socket(self._socket, server_hostname=server_hostname))
        except (OSError, ssl.SSLError) as error:
            self._socket.close()
            raise httpcore.ConnectError(f"no TLS with the pod: {error}") from error

    def get_extra_info(self, info: str) -> Any:
        """Whether there is something to read; nothing else is known."""
        if info == "is_readable":
            # The pool asks before it uses an idle connection again: one that can be read was closed by the pod.
            return self._socket.fileno() < 0 or bool(select.select([self._socket], [], [], 0)[0])
        return None
