"""TLS: a certificate that is replaced while the service runs."""

import http.client
import re
import ssl
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.support.network.certificates import MountedSecret, trusting
from tests.support.services.ingestion import DEADLINE_S, Service
from tests.support.until import until

StartService = Callable[..., Service]


def connected(service: Service, context: ssl.SSLContext) -> http.client.HTTPSConnection:
    """A new connection, after its first response."""
    connection = http.client.HTTPSConnection("127.0.0.1", service.port, timeout=DEADLINE_S, context=context)
    answered(connection)
    return connection


def answered(connection: http.client.HTTPSConnection) -> None:
    connection.request("GET", "/v1/schemas")
    answer = connection.getresponse()
    assert answer.status == 200
    answer.read()


def serial_number(connection: http.client.HTTPSConnection) -> int:
    found = connection.sock.getpeercert()
    assert found
    return int(str(found["serialNumber"]), 16)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_new_certificate_is_presented_without_a_restart_and_without_closing_connections(
    start_service: StartService, tmp_path: Path, workers: int
) -> None:
    secret = MountedSecret(tmp_path)
    first = secret.certify("first")
    files = ["--tls-cert", str(secret.certificate), "--tls-key", str(secret.key)]
    service = start_service(options=[*files, "--probe-port", "0", "--workers", str(workers)], ready=False)
    probes = re.search(r'"probes": "(http://127\.0\.0\.1:\d+)"', service.log)
    assert probes
    held = [connected(service, trusting(first)) for _ in range(2 * workers)]
    assert {serial_number(connection) for connection in held} == {first.serial_number}

    second = secret.certify("second")
    both = trusting(first, second)

    def renewed() -> bool:
        """Whether all processes present it: connections go to the process with the fewest."""
        connections = [connected(service, both) for _ in range(2 * workers)]
        serial_numbers = {serial_number(connection) for connection in connections}
        for connection in connections:
            connection.close()
        return serial_numbers == {second.serial_number}

    until(renewed, "the second certificate is presented")
    for connection in held:
        answered(connection)

    secret.break_key()
    until(lambda: service.log.count("keeping the last valid one") == workers, "all processes refuse the broken pair")
    assert "the key does not belong to the certificate" in service.log
    assert renewed()
    metrics = httpx.get(f"{probes[1]}/metrics").text
    assert f"darkroom_tls_reload_failures_total {workers:.1f}" in metrics
    expires = re.search(r"darkroom_tls_certificate_expiration_timestamp_seconds\{.*\} (\S+)", metrics)
    assert expires
    assert float(expires[1]) == second.not_valid_after_utc.timestamp()
    for connection in held:
        connection.close()
    assert service.stop() == 0


def test_a_client_that_does_not_finish_its_handshake_does_not_delay_the_stop(
    start_service: StartService, tmp_path: Path
) -> None:
    secret = MountedSecret(tmp_path)
    certificate = secret.certify("first")
    options = ["--tls-cert", str(secret.certificate), "--tls-key", str(secret.key), "--workers", "2"]
    service = start_service(options=options, ready=False)
    silent = http.client.HTTPConnection("127.0.0.1", service.port, timeout=DEADLINE_S)
    silent.connect()
    connected(service, trusting(certificate)).close()
    assert service.stop() == 0
    silent.close()
