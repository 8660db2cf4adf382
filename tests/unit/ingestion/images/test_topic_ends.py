"""The ends of a topic, with one query for many requests."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from darkroom.kafka.errors import KafkaUnreachable
from darkroom_ingestion.images.topic_ends import TopicEnds

SERVED = cast("Any", SimpleNamespace(key="demo/digits", plan=SimpleNamespace(images=SimpleNamespace(name="topic"))))


class Log:
    """A simulated Kafka: counts the queries and, once allowed, returns the end at the time of the query."""

    def __init__(self) -> None:
        self.end, self.asked, self.unreachable = 0, 0, False
        self.was_asked, self.may_answer = asyncio.Event(), asyncio.Event()
        self.admin = self

    def of(self, _served: object) -> "Log":
        return self

    async def ends_of_topic(self, _topic: str) -> dict[int, int]:
        self.asked += 1
        end = self.end
        self.was_asked.set()
        await self.may_answer.wait()
        if self.unreachable:
            raise KafkaUnreachable("no broker")
        return {0: end}


def test_many_requests_share_few_questions_and_none_gets_an_old_answer() -> None:
    async def run() -> None:
        log = Log()
        ends = TopicEnds(cast("Any", log))
        first = [asyncio.create_task(ends.of(SERVED)) for _ in range(50)]
        await log.was_asked.wait()
        log.end = 7
        later = [asyncio.create_task(ends.of(SERVED)) for _ in range(50)]
        await asyncio.sleep(0)  # they ask
        log.may_answer.set()
        assert [task.result() for task in later if await task] == [{0: 7}] * 50
        await asyncio.gather(*first)
        assert log.asked == 2
        assert await ends.of(SERVED) == {0: 7}

    asyncio.run(run())


def test_after_a_failure_the_next_request_queries_kafka_again() -> None:
    async def run() -> None:
        log = Log()
        log.unreachable = True
        log.may_answer.set()
        ends = TopicEnds(cast("Any", log))
        for answer in await asyncio.gather(*(ends.of(SERVED) for _ in range(5)), return_exceptions=True):
            assert isinstance(answer, KafkaUnreachable)
        log.unreachable = False
        assert await ends.of(SERVED) == {0: 0}

    asyncio.run(run())


@pytest.mark.parametrize("cancelled", [0, 1])
def test_a_disconnected_client_does_not_cancel_a_shared_query(cancelled: int) -> None:
    async def run() -> None:
        log = Log()
        ends = TopicEnds(cast("Any", log))
        tasks = [asyncio.create_task(ends.of(SERVED)) for _ in range(2)]
        await log.was_asked.wait()
        tasks[cancelled].cancel()
        log.may_answer.set()
        assert await tasks[1 - cancelled] == {0: 0}

    asyncio.run(run())
