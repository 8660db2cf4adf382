"""Reads the evidence: the topics with a `read_committed` consumer, and the store over HTTP."""

import asyncio
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, cast

import httpx
from confluent_kafka import (
    Consumer,
    IsolationLevel,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, OffsetSpec

from darkroom.events import FailureHeaders
from darkroom.topology import StagePlan
from tests.chaos.share_group import done, share_group_progress
from tests.chaos.verdict.evidence import Answer, Document, ImageInLog, Position, StageEvidence, StoreEvidence
from tests.chaos.verdict.promises import Promises

_TIMEOUT_S: Final = 60.0
_MARKERS_S: Final = 15.0
_EVERY_S: Final = 0.1
_PAGE: Final = 500
_AT_A_TIME: Final = 16
_LATEST: Final = OffsetSpec.latest()  # type: ignore[no-untyped-call]


class Log:
    """The topics of a run."""

    def __init__(self, bootstrap_servers: str, partitions: int) -> None:
        self._servers, self._partitions = bootstrap_servers, partitions
        self._admin = AdminClient({"bootstrap.servers": bootstrap_servers})

    def images(self, topic: str) -> list[ImageInLog]:
        """Every record of the images topic."""
        return [ImageInLog(_position(m), _headers(m)["ce_id"], _key(m)) for m in self._records(topic)]

    def ends(self, topic: str, level: IsolationLevel = IsolationLevel.READ_UNCOMMITTED) -> dict[int, int]:
        """The end offset of each partition for a reader with isolation level `level`."""
        latest = {TopicPartition(topic, number): _LATEST for number in range(self._partitions)}
        found = self._admin.list_offsets(latest, isolation_level=level, request_timeout=_TIMEOUT_S)
        return {asked.partition: future.result().offset for asked, future in found.items()}

    def stage(self, stage: StagePlan) -> StageEvidence:
        """The evidence of a stage."""
        topics = (stage.results.name, stage.dead_letters.name)
        self._wait_for_markers(topics)
        return StageEvidence(
            name=stage.name,
            promises=Promises.of(stage.spec),
            results=[_result(message) for message in self._records(topics[0])],
            dead_letters=[_dead_letter(message) for message in self._records(topics[1])],
            done=self._done(stage),
            unstable=[partition for topic in topics for partition in self._unstable(topic)],
        )

    def _done(self, stage: StagePlan) -> dict[int, int]:
        if stage.share_group is not None:
            progress = share_group_progress(self._servers, stage.share_group, _TIMEOUT_S)
            return done(progress, self.ends(stage.images_topic))
        partitions = [TopicPartition(stage.images_topic, number) for number in range(self._partitions)]
        consumer = Consumer({"bootstrap.servers": self._servers, "group.id": stage.consumer_group})
        try:
            return {c.partition: max(0, c.offset) for c in consumer.committed(partitions, timeout=_TIMEOUT_S)}
        finally:
            consumer.close()

    def _wait_for_markers(self, topics: Sequence[str]) -> None:
        """Give Kafka time to end transactions: it writes their markers after it has acknowledged the commit.

        A reader with `read_committed` would not see what is before them. What stays unstable is part of the evidence.
        """
        deadline = time.monotonic() + _MARKERS_S
        while any(self._unstable(topic) for topic in topics) and time.monotonic() < deadline:
            time.sleep(_EVERY_S)

    def _unstable(self, topic: str) -> list[str]:
        ends, stable = self.ends(topic), self.ends(topic, IsolationLevel.READ_COMMITTED)
        return [
            f"{topic} {number} from {stable[number]} of {end}" for number, end in ends.items() if stable[number] < end
        ]

    def _records(self, topic: str) -> list[Message]:
        """All records, partition by partition, in order."""
        settings = {
            "bootstrap.servers": self._servers,
            "group.id": "chaos-reader",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
        }
        consumer = Consumer(settings)
        try:
            consumer.assign([TopicPartition(topic, number, 0) for number in range(self._partitions)])
            found: dict[int, list[Message]] = {number: [] for number in range(self._partitions)}
            left = set(found)
            deadline = time.monotonic() + _TIMEOUT_S
            while left:
                assert time.monotonic() < deadline, f"{topic} can't be read to its end"
                for message in consumer.consume(500, 0.5):
                    error, partition = message.error(), message.partition()
                    assert partition is not None
                    if error is None:
                        found[partition].append(message)
                    elif error.code() == KafkaError._PARTITION_EOF:
                        left.discard(partition)
                    elif not error.retriable():
                        raise KafkaException(error)
        finally:
            consumer.close()
        return [message for number in sorted(found) for message in found[number]]


def read_store(url: str, path: str, image_ids: Iterable[str], results: int, timeout_s: float) -> StoreEvidence:
    """The service's report, once it has as many results as the topics, or after `timeout_s`."""
    return asyncio.run(_read_store(f"{url}{path}", sorted(set(image_ids)), results, timeout_s))


async def _read_store(pipeline: str, image_ids: Sequence[str], expected: int, timeout_s: float) -> StoreEvidence:
    deadline = time.monotonic() + timeout_s
    async with httpx.AsyncClient(timeout=_TIMEOUT_S) as client:
        while True:
            results = [
                (result["stage"], result["imageId"])
                for result in await _pages(client, f"{pipeline}/results", "results")
            ]
            if len(results) >= expected or time.monotonic() > deadline:
                break
            await asyncio.sleep(0.5)
        letters = await _pages(client, f"{pipeline}/dead-letters", "deadLetters")
        documents: dict[str, Document] = {}
        left = iter(image_ids)

        async def fetch() -> None:
            for image_id in left:
                answer = await client.get(f"{pipeline}/images/{image_id}")
                if answer.status_code == httpx.codes.OK:
                    documents[image_id] = _document(answer.json())

        await asyncio.gather(*(fetch() for _ in range(_AT_A_TIME)))
    return StoreEvidence(
        results, [(letter["stage"], (letter["partition"], letter["offset"])) for letter in letters], documents
    )


async def _pages(client: httpx.AsyncClient, url: str, field: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after: dict[str, str] = {}
    while True:
        answer = (await client.get(url, params={"limit": _PAGE, **after})).raise_for_status().json()
        found += answer[field]
        if not answer["next"]:
            return found
        after = {"after": answer["next"]}


def _document(image: Mapping[str, Any]) -> Document:
    return Document(
        position=(image["image"]["partition"], image["image"]["offset"]),
        results=frozenset(result["stage"] for result in image["results"]),
        failures=frozenset(failure["stage"] for failure in image["failures"]),
    )


def _result(message: Message) -> Answer:
    data = json.loads(message.value() or b"")
    source = (data["source"]["partition"], data["source"]["offset"])
    label = data["predictions"][0]["label"]
    return Answer(_position(message), data["imageId"], _key(message), source, label=label)


def _dead_letter(message: Message) -> Answer:
    headers = _headers(message)
    source = (int(headers[FailureHeaders.SOURCE_PARTITION]), int(headers[FailureHeaders.SOURCE_OFFSET]))
    reason = headers[FailureHeaders.REASON]
    return Answer(_position(message), headers["ce_id"], _key(message), source, reason=reason)


def _position(message: Message) -> Position:
    partition, offset = message.partition(), message.offset()
    assert partition is not None
    assert offset is not None
    return partition, offset


def _key(message: Message) -> bytes | None:
    key = message.key()
    return key.encode() if isinstance(key, str) else key


def _headers(message: Message) -> dict[str, str]:
    headers = cast("list[tuple[str, bytes | None]]", message.headers() or [])
    return {name: (value or b"").decode() for name, value in headers}
