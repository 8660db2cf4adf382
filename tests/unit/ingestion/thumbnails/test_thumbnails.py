"""The cache of thumbnails, and the limit of requests that wait for one."""

import asyncio
from collections import Counter

import pytest

from darkroom_ingestion.http.routes.console.thumbnails import key_of
from darkroom_ingestion.records.answers import ReceivedImage
from darkroom_ingestion.thumbnails.decoder import Decoder, NoThumbnail
from darkroom_ingestion.thumbnails.thumbnails import Key, Size, Thumbnails, TooManyThumbnails


class Counting(Decoder):
    """A decoder without a process: its thumbnails are the files."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: Counter[bytes] = Counter()

    async def thumbnail(self, data: bytes, size: int) -> bytes:  # noqa: ARG002
        self.asked[data] += 1
        await asyncio.sleep(0)
        if data == b"broken":
            raise NoThumbnail("it is broken")
        return data


class Stuck(Decoder):
    """A decoder without a process that does not end before it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.done = asyncio.Event(), asyncio.Event()

    async def thumbnail(self, data: bytes, size: int) -> bytes:  # noqa: ARG002
        self.asked.set()
        await self.done.wait()
        return data


def key(offset: int) -> Key:
    return ("demo.digits.images", 0, offset, f"image-{offset}", 160)


def test_another_image_at_the_same_offset_has_another_thumbnail() -> None:
    """As after a Kafka has been replaced."""
    image = ReceivedImage("demo/digits", "019a", None, 0, "demo.digits.images", 0, 7, "image/jpeg", 100)
    assert key_of(image, Size.SMALL) != key_of(image._replace(id="019b"), Size.SMALL)


def test_a_thumbnail_is_made_once_for_all_who_ask() -> None:
    async def run() -> None:
        decoder = Counting()
        thumbnails = Thumbnails(decoder)
        assert thumbnails.cached(key(1)) is None
        assert await asyncio.gather(*(thumbnails.make(key(1), b"one") for _ in range(5))) == [b"one"] * 5
        assert thumbnails.cached(key(1)) == b"one"
        assert decoder.asked == {b"one": 1}

    asyncio.run(run())


def test_a_file_without_a_thumbnail_is_tried_once() -> None:
    async def run() -> None:
        decoder = Counting()
        thumbnails = Thumbnails(decoder)
        for _ in range(2):
            with pytest.raises(NoThumbnail, match="it is broken"):
                await thumbnails.make(key(1), b"broken")
        with pytest.raises(NoThumbnail, match="it is broken"):
            thumbnails.cached(key(1))
        assert decoder.asked == {b"broken": 1}

    asyncio.run(run())


def test_the_cache_is_bounded_and_keeps_what_was_used_last() -> None:
    async def run() -> None:
        thumbnails = Thumbnails(Counting(), cache_bytes=5_000)
        for offset in range(3):
            await thumbnails.make(key(offset), b"x" * 1_000)
        thumbnails.cached(key(0))
        await thumbnails.make(key(3), b"x" * 1_000)
        assert [offset for offset in range(4) if thumbnails.cached(key(offset))] == [0, 2, 3]
        await thumbnails.make(key(4), b"x" * 9_000)
        assert thumbnails.cached(key(4)) is None

    asyncio.run(run())


def test_a_request_does_not_wait_long_for_the_files_of_others() -> None:
    async def run() -> None:
        slow = Stuck()
        thumbnails = Thumbnails(slow, patience_s=0.01)
        stuck = asyncio.create_task(thumbnails.make(key(1), b"slow"))
        await slow.asked.wait()
        with pytest.raises(TooManyThumbnails, match="take long"):
            await thumbnails.make(key(2), b"two")
        slow.done.set()
        assert await stuck == b"slow"
        assert await thumbnails.make(key(2), b"two") == b"two"

    asyncio.run(run())


def test_a_request_that_is_cancelled_stops_waiting_but_what_is_being_decoded_is_kept() -> None:
    async def run() -> None:
        slow = Stuck()
        thumbnails = Thumbnails(slow)
        first, second = (asyncio.create_task(thumbnails.make(key(n), b"slow")) for n in (1, 2))
        await slow.asked.wait()
        for request in (first, second):
            request.cancel()
        await asyncio.gather(first, second, return_exceptions=True)
        slow.done.set()
        assert await thumbnails.make(key(3), b"three") == b"three"
        assert [bool(thumbnails.cached(key(n))) for n in (1, 2)] == [True, False]

    asyncio.run(run())


def test_more_requests_than_can_wait_are_refused() -> None:
    async def run() -> None:
        thumbnails = Thumbnails(Counting(), most_waiting=1)
        async with thumbnails.waiting():
            with pytest.raises(TooManyThumbnails):
                async with thumbnails.waiting():
                    pass
        async with thumbnails.waiting():
            pass

    asyncio.run(run())
