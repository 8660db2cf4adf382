import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from benchmarks.ingestion.client import CpuTime, at_rate, repeat
from benchmarks.ingestion.connections import Refused

REQUEST = b"POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody"
ACCEPTED = b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}"


@contextmanager
def server(response: bytes, busy_s: float = 0) -> Iterator[int]:
    """A server that responds to every request. After the first one it is busy for `busy_s`."""
    idle = threading.Event()

    def respond(connection: socket.socket) -> None:
        with connection, contextlib.suppress(ConnectionResetError):
            while connection.recv(65536):
                if not idle.is_set():
                    idle.wait(busy_s)
                    idle.set()
                connection.sendall(response)

    def accept() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=respond, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=accept, daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


def test_repeat_counts_the_responses_after_the_first_of_every_connection() -> None:
    cpu_times = iter([CpuTime(1.0, 2.0), CpuTime(1.5, 2.5), CpuTime(1.5, 3.0)])
    with server(ACCEPTED) as port:
        throughput = repeat(port, REQUEST, connections=3, seconds=0, cpu_time=lambda: next(cpu_times))
    assert throughput.images >= 3
    assert throughput.cpu == (0.5, 1.0)


def test_a_request_is_timed_from_when_it_was_due() -> None:
    with server(ACCEPTED, busy_s=0.3) as port:
        latencies = at_rate(port, REQUEST, per_second=50, connections=1, seconds=0.2)
    assert len(latencies) == 10
    assert min(latencies) > 0.1  # the last is due after 0.18 s


def test_a_refused_request_is_an_error() -> None:
    with server(b"HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\n{}") as port, pytest.raises(Refused, match="503 Busy"):
        at_rate(port, REQUEST, per_second=10, connections=1, seconds=0.1)
