"""A record that librdkafka's Python client can't write: header names that are not UTF-8."""

import socket
import struct
import time
from collections.abc import Sequence

from tests.support.until import until

_PRODUCE, _VERSION = 0, 3
_NOT_LEADER = 6
_CASTAGNOLI = 0x82F63B78
_TIMEOUT_S = 30.0


def publish_raw(
    bootstrap_servers: str, topic: str, partition: int, value: bytes, headers: Sequence[tuple[bytes, bytes]]
) -> int:
    """Append one record to a partition of a Kafka with one broker, without a client library; returns its offset.

    Source: Kafka protocol guide, Produce request version 3 and record batch version 2.
    """
    batch = _batch(value, headers)
    partitions = _array([struct.pack(">ii", partition, len(batch)) + batch])
    request = struct.pack(">hhi", _PRODUCE, _VERSION, 1) + _string("test")
    request += struct.pack(">hhi", -1, -1, 10_000) + _array([_string(topic) + partitions])  # no transaction, acks=all
    # Correlation id, one topic with its name, one partition with its number.
    result_at = 4 + 4 + 2 + len(topic) + 4 + 4

    def send() -> list[int] | None:
        error, offset = struct.unpack_from(">hq", _answer(bootstrap_servers, request), result_at)
        assert error in (0, _NOT_LEADER), f"the broker refuses the record with error {error}"
        return None if error else [offset]

    return until(send, "the partition has a leader")[0]


def _answer(address: str, request: bytes) -> bytes:
    host, _, port = address.partition(":")
    with socket.create_connection((host, int(port)), timeout=_TIMEOUT_S) as connection:
        connection.sendall(struct.pack(">i", len(request)) + request)
        answer = connection.makefile("rb")
        return answer.read(struct.unpack(">i", answer.read(4))[0])


def _batch(value: bytes, headers: Sequence[tuple[bytes, bytes]]) -> bytes:
    record = b"\0" + _varint(0) + _varint(0) + _varint(-1) + _bytes(value) + _varint(len(headers))
    record += b"".join(_bytes(name) + _bytes(text) for name, text in headers)
    now = time.time_ns() // 1_000_000
    after_checksum = struct.pack(">hiqqqhii", 0, 0, now, now, -1, -1, -1, 1) + _bytes(record)
    checked = struct.pack(">ibI", 0, 2, _crc32c(after_checksum)) + after_checksum
    return struct.pack(">qi", 0, len(checked)) + checked


def _string(text: str) -> bytes:
    return struct.pack(">h", len(text)) + text.encode()


def _array(items: Sequence[bytes]) -> bytes:
    return struct.pack(">i", len(items)) + b"".join(items)


def _bytes(content: bytes) -> bytes:
    return _varint(len(content)) + content


def _varint(number: int) -> bytes:
    """A signed integer, in zigzag and base 128."""
    left = number * 2 if number >= 0 else -number * 2 - 1
    out = bytearray()
    while left > 0x7F:
        out.append(left & 0x7F | 0x80)
        left >>= 7
    return bytes([*out, left])


def _crc32c(data: bytes) -> int:
    checksum = 0xFFFFFFFF
    for byte in data:
        checksum ^= byte
        for _ in range(8):
            checksum = checksum >> 1 ^ (_CASTAGNOLI if checksum & 1 else 0)
    return checksum ^ 0xFFFFFFFF
