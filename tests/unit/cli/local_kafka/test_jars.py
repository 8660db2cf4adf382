"""The list of Kafka's jars."""

import hashlib

from darkroom_cli.local_kafka.jars import pinned_jars


def test_all_jars_of_kafka_are_pinned() -> None:
    pinned = pinned_jars()
    assert len(pinned) == 46
    assert len({jar.filename for jar in pinned}) == 46
    assert all(len(bytes.fromhex(jar.sha256)) == hashlib.sha256().digest_size for jar in pinned)
    assert "kafka_2.13-4.3.1.jar" in {jar.filename for jar in pinned}
