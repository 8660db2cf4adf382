"""Passing accepted images to the process that fills the store."""

import asyncio
import socket
from collections.abc import Iterator

import pytest

from darkroom_ingestion.filling.image_channel import ImageSender, image_channel, received
from darkroom_ingestion.records.answers import ReceivedImage

Ends = tuple[socket.socket, socket.socket]


@pytest.fixture
def ends() -> Iterator[Ends]:
    sending, receiving = image_channel()
    with sending, receiving:
        yield sending, receiving


def image(offset: int) -> ReceivedImage:
    return ReceivedImage("demo/digits", f"id-{offset}", "ü\x00" * 20, 3, "t", 1, offset, "image/jpeg", 50_000)


def arrived(receiving: socket.socket) -> list[tuple[str, int]]:
    return [(kafka, one.offset) for kafka, images in received(receiving) for one in images]


def test_images_arrive_with_the_kafka_that_has_them(ends: Ends) -> None:
    sending, receiving = ends
    sent = [image(0), image(1)]

    async def send() -> None:
        sender = ImageSender(sending)
        for one in sent:
            sender.add("a:9092", one)
        sender.add("b:9092", image(7))
        arrives: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().add_reader(receiving.fileno(), arrives.set_result, None)
        assert list(received(receiving)) == []  # they are sent together
        await arrives
        asyncio.get_running_loop().remove_reader(receiving.fileno())

    asyncio.run(send())
    assert list(received(receiving)) == [("a:9092", sent), ("b:9092", [image(7)])]


def test_what_does_not_fit_is_dropped_without_waiting(ends: Ends) -> None:
    sending, receiving = ends

    async def send() -> None:
        sender = ImageSender(sending)
        for offset in range(20_000):
            sender.add("a:9092", image(offset))

    asyncio.run(send())
    kept = arrived(receiving)
    assert 1_000 < len(kept) < 20_000
    assert kept == [("a:9092", offset) for offset in range(len(kept))]


def test_processes_that_share_an_end_do_not_mix_their_images(ends: Ends) -> None:
    sending, receiving = ends

    async def send() -> None:
        with sending.dup() as shared:
            first, second = ImageSender(sending), ImageSender(shared)
            for offset in range(400):
                first.add("a:9092", image(offset))
                second.add("b:9092", image(offset))

    asyncio.run(send())
    found = arrived(receiving)
    for kafka in ("a:9092", "b:9092"):
        assert [offset for name, offset in found if name == kafka] == list(range(400))
