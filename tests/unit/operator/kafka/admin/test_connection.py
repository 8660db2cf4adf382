"""Connection errors of librdkafka as messages of a condition."""

import pytest
from confluent_kafka import KafkaError

from darkroom_operator.kafka.admin.connection import ConnectionErrors


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        (
            KafkaError._RESOLVE,
            "b1:9092/bootstrap: Failed to resolve 'b1:9092': Name or service not known (after 1ms in state CONNECT)",
            "b1:9092: the host name cannot be resolved",
        ),
        (
            KafkaError._TRANSPORT,
            "b1:9092/bootstrap: Connect to ipv4#127.0.0.1:9092 failed: Connection refused (after 0ms in state CONNECT)",
            "b1:9092: connection refused",
        ),
        (
            KafkaError._TRANSPORT,
            "ssl://b1:9093/bootstrap: SSL handshake failed: a PLAINTEXT listener? (after 3ms in state UP)",
            "b1:9093: TLS failed: SSL handshake failed: a PLAINTEXT listener?",
        ),
        (
            KafkaError._SSL,
            "sasl_ssl://b1:9093/2: SSL handshake failed: certificate verify failed (after 5ms in state SSL_HANDSHAKE)",
            "b1:9093: TLS failed: SSL handshake failed: certificate verify failed",
        ),
        (
            KafkaError._TRANSPORT,
            "ssl://b1:9093/bootstrap: Disconnected: SSL connection closed by peer (after 2ms in state UP)",
            "b1:9093: TLS failed: Disconnected: SSL connection closed by peer",
        ),
        (
            KafkaError._TRANSPORT,
            "ssl://b1:9093/bootstrap: Disconnected: connection reset by peer (after 2ms in state SSL_HANDSHAKE)",
            "b1:9093: TLS failed: Disconnected: connection reset by peer",
        ),
        (
            KafkaError._TRANSPORT,
            "ssl://b1:9093/bootstrap: Receive failed: error:0A00045C:SSL routines::alert (after 2ms in state UP)",
            "b1:9093: TLS failed: Receive failed: error:0A00045C:SSL routines::alert",
        ),
        (
            KafkaError._AUTHENTICATION,
            "sasl_ssl://[::1]:9094/bootstrap: SASL authentication error: no such user (after 302ms in state UP)",
            "[::1]:9094: login failed: SASL authentication error: no such user",
        ),
    ],
)
def test_an_error_names_the_address_and_what_failed(code: int, text: str, expected: str) -> None:
    errors = ConnectionErrors()
    errors.add(KafkaError(code, text))
    assert str(errors) == expected


def test_the_latest_error_of_each_address_counts() -> None:
    errors = ConnectionErrors()
    for text in ("b2:1/bootstrap: first (after 0ms in state UP)", "b1:1/1: one", "b2:1/bootstrap: second"):
        errors.add(KafkaError(KafkaError._TRANSPORT, text))
    errors.add(KafkaError(KafkaError._ALL_BROKERS_DOWN, "2/2 brokers are down"))
    assert (len(errors), str(errors)) == (2, "b1:1: one; b2:1: second")
