"""Bodies beyond the bytes of their caller."""

import asyncio
from collections.abc import Sequence

import pytest
from starlette.types import Message

from darkroom_ingestion.http.requests.bodies import check_body, read_body
from darkroom_ingestion.http.requests.memory import BodyMemory
from darkroom_ingestion.limits.byte_budget import ByteBudget
from darkroom_ingestion.limits.callers import CallerLimits, LimitReached
from darkroom_ingestion.limits.settings import LimitSettings
from tests.support.clock import Clock


class Upload:
    """A caller that may send 100 bytes a second. Its clock stands still."""

    def __init__(self) -> None:
        self._limits = CallerLimits(LimitSettings(bytes=100), lambda _: None, clock=Clock())
        self.parts_read = 0

    @property
    def budget(self) -> ByteBudget:
        return ByteBudget(self._limits, "alice")

    def send(self, parts: Sequence[bytes], announced: str | None) -> bytes:
        async def receive() -> Message:
            self.parts_read += 1
            body = parts[self.parts_read - 1]
            return {"type": "http.request", "body": body, "more_body": self.parts_read < len(parts)}

        self.parts_read = 0
        share = BodyMemory(10_000).share()
        return asyncio.run(read_body(receive, announced, limit=1_000, silence_s=5, share=share, budget=self.budget))


def test_a_body_beyond_the_bytes_of_its_caller_is_refused_before_it_is_read() -> None:
    upload = Upload()
    assert upload.send([b"x" * 60], "60") == b"x" * 60
    with pytest.raises(LimitReached) as reached:
        upload.send([b"x" * 60], "60")
    assert (reached.value.retry_after_s, upload.parts_read) == (1, 0)


def test_a_body_without_a_length_is_paid_for_as_it_arrives() -> None:
    upload = Upload()
    assert len(upload.send([b"x" * 200, b"x" * 100], None)) == 300
    with pytest.raises(LimitReached) as reached:
        upload.send([b"x"], None)
    assert (reached.value.retry_after_s, upload.parts_read) == (3, 0)


def test_a_body_that_has_arrived_counts_too() -> None:
    upload = Upload()
    check_body(b"x" * 100, 1_000, BodyMemory(10_000).share(), upload.budget)
    with pytest.raises(LimitReached):
        check_body(b"x", 1_000, BodyMemory(10_000).share(), upload.budget)
