"""The parts of the way of an image, measured alone: one at a time, on an otherwise idle pipeline."""

import asyncio
import statistics
from dataclasses import dataclass

from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, Producer, TopicPartition

from benchmarks.ingestion.client import at_rate, precise_loop
from benchmarks.ingestion.connections import until
from benchmarks.ingestion.target import Target, jpeg, post
from benchmarks.latency.feed import open_feed
from darkroom.kafka.connection import KafkaConnection, consumer_settings, producer_settings

_PER_SECOND = 20
_RECORD_TIMEOUT_S = 30.0


@dataclass(frozen=True)
class Parts:
    """The median times of the parts in milliseconds.

    Attributes:
        post_ms: from the request to the response, which the service sends when Kafka has acknowledged the image.
        work_ms: decoding the image, running the model and interpreting the output, without Kafka.
        feed_ms: from producing a result to its event at a client of the feed.
    """

    post_ms: float
    work_ms: float
    feed_ms: float

    @property
    def sum_ms(self) -> float:
        """The sum."""
        return self.post_ms + self.work_ms + self.feed_ms

    def __str__(self) -> str:
        return f"POST {self.post_ms:.2f} ms, work {self.work_ms:.2f} ms, feed {self.feed_ms:.2f} ms"


def post_s(port: int, at: Target, seconds: float) -> float:
    """The median time of an upload."""
    return statistics.median(at_rate(port, post(f"{at.path}/images", jpeg()), _PER_SECOND, 1, seconds))


class Results:
    """Produces a result that a worker has produced, again and again."""

    def __init__(self, at: Target) -> None:
        self._at = at
        connection = KafkaConnection(bootstrap_servers=at.bootstrap_servers)
        self._record = _any_record(connection, at)
        settings = producer_settings(connection, "benchmark", max_message_bytes=1_000_000, linger_ms=0)
        self._producer = Producer(settings | {"log_level": 0})  # it does not say that the broker has ended

    def feed_s(self, port: int, seconds: float) -> float:
        """The median time from producing a result to its event."""
        with asyncio.Runner(loop_factory=precise_loop) as runner:
            return statistics.median(runner.run(self._times(port, seconds)))

    async def _times(self, port: int, seconds: float) -> list[float]:
        loop = asyncio.get_running_loop()
        arrivals: list[float] = []
        times = []
        feed = await open_feed(port, self._at, lambda _: arrivals.append(loop.time()))
        for _ in range(max(1, int(_PER_SECOND * seconds))):
            await asyncio.sleep(1 / _PER_SECOND)
            arrivals.clear()
            started = loop.time()
            self._produce()
            await until(lambda: bool(arrivals), feed.failed)
            times.append(arrivals[0] - started)
        feed.close()
        return times

    def _produce(self) -> None:
        topic, record = self._at.plan.stages[0].results.name, self._record
        self._producer.produce(topic, record.value(), record.key(), headers=record.headers())
        self._producer.poll(0)


def _any_record(connection: KafkaConnection, at: Target) -> Message:
    """The first result in the results topic."""
    settings = consumer_settings(connection, "benchmark", group="benchmark", max_message_bytes=1_000_000)
    consumer = Consumer(settings)
    topic = at.plan.stages[0].results
    try:
        consumer.assign([TopicPartition(topic.name, number, OFFSET_BEGINNING) for number in range(topic.partitions)])
        message = consumer.poll(_RECORD_TIMEOUT_S)
    finally:
        consumer.close()
    if message is None or message.error():
        raise SystemExit(f"no result in {topic.name}")
    return message
