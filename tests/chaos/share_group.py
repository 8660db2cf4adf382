"""How far a share group has got with a topic. librdkafka can't ask for it, so the request is sent here."""

import socket
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_DESCRIBE_SHARE_GROUP_OFFSETS: Final = 90
_VERSION: Final = 1
"""The first with the lag (KIP-1226), of Kafka 4.2."""
_GROUP_ID_NOT_FOUND: Final = 69
_AGAIN_S: Final = 0.1


@dataclass(frozen=True)
class Progress:
    """The progress in one partition.

    Attributes:
        start: everything before this offset is acknowledged, or dropped.
        lag: how many records are neither, also after `start`; -1 if the broker does not know.
    """

    start: int
    lag: int

    def done(self, end: int) -> int:
        """The offset before which everything is done, in a partition that ends at `end`.

        Kafka writes `start` before it takes the last acknowledgement into account, but counts that in the lag.
        """
        return end if self.lag == 0 else max(0, self.start)


class NotTheCoordinator(Exception):
    """The broker can't answer for the group."""


def share_group_progress(bootstrap_servers: str, group: str, timeout_s: float) -> dict[int, Progress]:
    """The progress in each partition of the only topic of `group`; empty if there is no such group.

    Raises:
        TimeoutError: within `timeout_s`, no broker was the group's coordinator, or none responded.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        refusals = []
        for address in bootstrap_servers.split(","):
            host, _, port = address.rpartition(":")
            try:
                with socket.create_connection((host, int(port)), timeout_s) as connection:
                    connection.sendall(_request(group))
                    return _progress(_Response(_exactly(connection, *struct.unpack(">i", _exactly(connection, 4)))))
            except (OSError, NotTheCoordinator) as refusal:
                refusals.append(repr(refusal))
        if time.monotonic() > deadline:
            raise TimeoutError(f"no broker knows share group {group}: {', '.join(refusals)}")
        time.sleep(_AGAIN_S)


def done(progress: Mapping[int, Progress], ends: Mapping[int, int]) -> dict[int, int]:
    """For each partition, the offset before which everything is done."""
    return {number: progress[number].done(end) if number in progress else 0 for number, end in ends.items()}


def _request(group: str) -> bytes:
    """For all topics of `group`, whose name has less than 127 bytes. Source: DescribeShareGroupOffsetsRequest.json."""
    client, name = b"chaos", group.encode()
    header = struct.pack(">hhih", _DESCRIBE_SHARE_GROUP_OFFSETS, _VERSION, 0, len(client)) + client + b"\0"
    all_topics = b"\0"
    body = b"\x02" + bytes([len(name) + 1]) + name + all_topics + b"\0" + b"\0"
    return struct.pack(">i", len(header + body)) + header + body


def _progress(response: "_Response") -> dict[int, Progress]:
    """Source: Kafka, DescribeShareGroupOffsetsResponse.json."""
    response.number(4)  # the correlation id
    response.skip_tags()
    response.number(4)  # the throttle time
    found: dict[int, Progress] = {}
    response.length()  # of the groups: one, as was asked for
    response.text()  # its name
    for _ in range(response.length()):
        response.text()  # the topic
        response.take(16)  # its id
        for _ in range(response.length()):
            number, start, _, lag = (response.number(size) for size in (4, 8, 4, 8))
            error = response.number(2)
            response.text()  # its message
            response.skip_tags()
            if error:
                raise NotTheCoordinator(error)
            found[number] = Progress(start, lag)
        response.skip_tags()
    error = response.number(2)
    if error not in {0, _GROUP_ID_NOT_FOUND}:
        raise NotTheCoordinator(error)
    return found


def _exactly(connection: socket.socket, length: int) -> bytes:
    received = b""
    while len(received) < length:
        part = connection.recv(length - len(received))
        if not part:
            raise OSError("the connection was closed")
        received += part
    return received


class _Response:
    """Reads the types of Kafka's protocol."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, length: int) -> bytes:
        """The next `length` bytes."""
        self._at += length
        return self._data[self._at - length : self._at]

    def number(self, size: int) -> int:
        """A signed integer of `size` bytes."""
        return int.from_bytes(self.take(size), "big", signed=True)

    def length(self) -> int:
        """The length of a string or an array; 0 for none."""
        return max(0, self._unsigned() - 1)

    def text(self) -> str:
        """A string; empty for none."""
        return self.take(self.length()).decode()

    def skip_tags(self) -> None:
        """Read over the tagged fields."""
        for _ in range(self._unsigned()):
            self._unsigned()
            self.take(self._unsigned())

    def _unsigned(self) -> int:
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
