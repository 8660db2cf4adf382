"""Whether a Kafka has share groups: librdkafka does not say which features are enabled, so ApiVersions is sent here.

A broker answers this request before a client authenticates (KIP-43), and with its features since KIP-584.
"""

import socket
import ssl
import struct
from collections.abc import Iterator, Mapping
from typing import Any, Final

SHARE_VERSION: Final = "share.version"
"""The feature of share groups (KIP-932). Level 1 is for production since Kafka 4.2."""

NO_SHARE_GROUPS: Final = "has no share groups"
"""Part of the message about a Kafka without them, which is also a worker's last line."""

_API_VERSIONS: Final = 18
_VERSION: Final = 3
_UNSUPPORTED_VERSION: Final = 35
_FINALIZED_FEATURES: Final = 2
"""The tag of this field in the response."""
_MOST_BYTES: Final = 1_048_576


def share_groups_problem(settings: Mapping[str, Any], timeout_s: float) -> str | None:
    """Why the Kafka of the librdkafka settings `settings` has no share groups; None if it has them, or does not answer.

    Waits for at most `timeout_s` seconds for each bootstrap server.
    """
    servers = str(settings["bootstrap.servers"])
    for address in servers.split(","):
        try:
            level = finalized_features(address.strip(), settings, timeout_s).get(SHARE_VERSION, 0)
        except (OSError, ValueError, struct.error):
            continue
        return None if level >= 1 else _missing(servers)
    return None


def finalized_features(address: str, settings: Mapping[str, Any], timeout_s: float) -> dict[str, int]:
    """The enabled level of each feature of the cluster of the broker `address`. Empty for a Kafka before 2.7.

    Raises:
        OSError: the broker can't be reached, or TLS fails.
        ValueError: the response is not one of a Kafka broker.
        struct.error: likewise.
    """
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    with socket.create_connection((host, int(port)), timeout_s) as plain:
        if not str(settings.get("security.protocol", "PLAINTEXT")).upper().endswith("SSL"):
            return _ask(plain)
        with _tls(settings).wrap_socket(plain, server_hostname=host) as encrypted:
            return _ask(encrypted)


def parse_features(response: bytes) -> dict[str, int]:
    """The finalized features of an ApiVersions response without its length.

    Source: Kafka, ApiVersionsResponse.json, version 3; its header is always version 0.

    Raises:
        ValueError: the response ends early.
    """
    reader = _Reader(response)
    reader.number(4)  # the correlation id
    if reader.number(2) == _UNSUPPORTED_VERSION:
        return {}
    for _ in range(reader.unsigned() - 1):
        reader.take(6)  # key, oldest and newest version of an API
        reader.skip_tags()
    reader.number(4)  # the throttle time
    for tag, value in reader.tags():
        if tag == _FINALIZED_FEATURES:
            return dict(_features(_Reader(value)))
    return {}


def _features(reader: "_Reader") -> Iterator[tuple[str, int]]:
    for _ in range(reader.unsigned() - 1):
        name = reader.take(reader.unsigned() - 1).decode()
        level = reader.number(2)
        reader.number(2)  # the oldest level
        reader.skip_tags()
        yield name, level


def _missing(servers: str) -> str:
    first, _, _ = servers.partition(",")
    return (
        f"Kafka at {servers} {NO_SHARE_GROUPS}, which mode Queue needs: use Kafka 4.2 or later, and enable them with "
        f"`kafka-features.sh --bootstrap-server {first} upgrade --feature {SHARE_VERSION}=1`"
    )


def _ask(connection: socket.socket) -> dict[str, int]:
    name, version = b"darkroom", b"1"
    header = struct.pack(">hhih", _API_VERSIONS, _VERSION, 0, len(name)) + name + b"\0"
    body = bytes([len(name) + 1]) + name + bytes([len(version) + 1]) + version + b"\0"
    connection.sendall(struct.pack(">i", len(header + body)) + header + body)
    (length,) = struct.unpack(">i", _exactly(connection, 4))
    if not 0 <= length <= _MOST_BYTES:
        raise ValueError("no response of a Kafka broker")
    return parse_features(_exactly(connection, length))


def _exactly(connection: socket.socket, length: int) -> bytes:
    received = bytearray()
    while len(received) < length:
        part = connection.recv(length - len(received))
        if not part:
            raise OSError("the connection was closed")
        received += part
    return bytes(received)


def _tls(settings: Mapping[str, Any]) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=settings.get("ssl.ca.location"), cadata=settings.get("ssl.ca.pem"))
    if settings.get("ssl.endpoint.identification.algorithm") == "none":
        context.check_hostname = False
    if "ssl.certificate.location" in settings:
        key, password = settings.get("ssl.key.location"), settings.get("ssl.key.password")
        context.load_cert_chain(settings["ssl.certificate.location"], key, password)
    return context


class _Reader:
    """Reads the types of Kafka's protocol from bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, length: int) -> bytes:
        """The next `length` bytes."""
        if length < 0 or self._at + length > len(self._data):
            raise ValueError("the response ends early")
        self._at += length
        return self._data[self._at - length : self._at]

    def number(self, length: int) -> int:
        """A signed integer of `length` bytes."""
        return int.from_bytes(self.take(length), "big", signed=True)

    def unsigned(self) -> int:
        """An integer of variable length, 7 bits in each byte, the lowest first."""
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:  # noqa: PLR2004 - the last byte has no highest bit
                return value
            shift += 7

    def tags(self) -> Iterator[tuple[int, bytes]]:
        """The tagged fields."""
        for _ in range(self.unsigned()):
            tag = self.unsigned()
            yield tag, self.take(self.unsigned())

    def skip_tags(self) -> None:
        """Read over the tagged fields."""
        for _ in self.tags():
            pass
