import asyncio

import pytest

from benchmarks.latency.feed import Feed

HEAD = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
CHUNKS = [
    b"24\r\nid: classify.r=0.1\n\n\r\n",
    b'40\r\nid: classify.r=0.2\nevent: analyzed\ndata: {"imageId":"a1","stage":"classify"}\n\n',
    b'id: classify.r=0.3\nevent: analyzed\ndata: {"imageId": "b2", "stage": "classify"}\n\n\r\n',
]


@pytest.mark.parametrize("length", [1, 7, 1000])
def test_events_are_read_from_pieces_of_any_length(length: int) -> None:
    async def read() -> list[bytes]:
        seen: list[bytes] = []
        feed = Feed(seen.append)
        stream = HEAD + b"".join(CHUNKS)
        for start in range(0, len(stream), length):
            feed.data_received(stream[start : start + length])
        assert not feed.failed.done()
        return seen

    assert asyncio.run(read()) == [b"a1", b"b2"]


def test_a_service_that_has_no_feed_is_an_error() -> None:
    async def read() -> None:
        feed = Feed(lambda _: None)
        feed.data_received(b"HTTP/1.1 503 Service Unavailable\r\n\r\n{}")
        feed.failed.result()

    with pytest.raises(ConnectionError, match="503 Service Unavailable"):
        asyncio.run(read())
