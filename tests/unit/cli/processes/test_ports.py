"""Reserved ports: no other reservation gets them, and a broker can listen on them."""

import socket
from pathlib import Path

from darkroom_cli.processes.ports import Reservation, accepts_connections, why_not_free


def test_reserved_ports_are_all_different_and_out_of_the_kernels_way() -> None:
    reservations = [Reservation() for _ in range(100)]
    ports = {reservation.port for reservation in reservations}
    for reservation in reservations:
        reservation.release()
    assert len(ports) == 100
    lowest_ephemeral = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert max(ports) < lowest_ephemeral


def test_a_broker_can_listen_on_a_reserved_port() -> None:
    reservation = Reservation()
    assert why_not_free(reservation.port) is None
    with socket.create_server(("127.0.0.1", reservation.port)):
        assert why_not_free(reservation.port) == "Address already in use"
        assert accepts_connections(reservation.port)
    assert not accepts_connections(reservation.port)
    reservation.release()
