"""Passes accepted images from the HTTP processes to the process that fills the store: a socket with bounded space.

What does not fit is dropped: the process reads the images that it has not received from Kafka.
"""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import msgspec

from darkroom_ingestion.records.answers import ReceivedImage

_BUFFER_BYTES = 2**20
_SEND_EVERY_S = 0.05
_MOST_IMAGES = 200
"""Of a packet, so that the kernel accepts it."""
_PACKET_BYTES = 2**18

_Packet = tuple[str, list[ReceivedImage]]
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Packet).decode


def image_channel() -> tuple[socket.socket, socket.socket]:
    """The sending end, which processes may share, and the receiving end."""
    sending, receiving = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in (sending, receiving):
        end.setblocking(False)
    sending.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
    return sending, receiving


class ImageSender:
    """Sends accepted images, several at a time. Used from the event loop only.

    Args:
        to: the sending end.
    """

    def __init__(self, to: socket.socket) -> None:
        self._to = to
        self._images: dict[str, list[ReceivedImage]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def add(self, bootstrap_servers: str, image: ReceivedImage) -> None:
        """Send an image that the Kafka at `bootstrap_servers` has acknowledged, soon."""
        images = self._images.setdefault(bootstrap_servers, [])
        images.append(image)
        if len(images) >= _MOST_IMAGES:
            self._send()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_SEND_EVERY_S, self._send)

    def _send(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waiting, self._images = self._images, {}
        for packet in waiting.items():
            with contextlib.suppress(OSError):
                self._to.send(_encode(packet))


def received(receiving: socket.socket) -> Iterator[tuple[str, list[ReceivedImage]]]:
    """The addresses of Kafka clusters, and the images that they have acknowledged, until nothing more has arrived."""
    with contextlib.suppress(BlockingIOError):
        while packet := receiving.recv(_PACKET_BYTES):
            yield _decode(packet)
