"""The statuses of all pipelines: samples are shared by all callers, and kept for rates."""

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field, replace
from typing import Any

from darkroom import names
from darkroom_ingestion.catalog.served import ServedPipeline
from darkroom_ingestion.catalog.source import CatalogSource
from darkroom_ingestion.links.links import Links, NotConnected
from darkroom_ingestion.status.document import status_document
from darkroom_ingestion.status.facts import PipelineFacts, StageFacts
from darkroom_ingestion.status.history import facts_from_kafka
from darkroom_ingestion.status.letters import Letters
from darkroom_ingestion.status.reported import with_reported_status
from darkroom_ingestion.status.sample import Sample, take_sample
from darkroom_ingestion.status.waiting import next_positions, times_of
from darkroom_ingestion.store.database import Database, StoreUnavailable

_FRESH_S = 2.0
"""A status is not older than this, and Kafka is not queried more often for one pipeline."""
_WINDOW_S = 30.0
"""Rates are measured over at most this time."""
_MOST_SAMPLES = 32


@dataclass
class _Kept:
    """The samples of a pipeline, its last facts, and the refresh in progress."""

    samples: deque[Sample] = field(default_factory=lambda: deque(maxlen=_MOST_SAMPLES))
    facts: PipelineFacts | None = None
    at: float = 0.0
    refresh: asyncio.Task[PipelineFacts] | None = None


class Statuses:
    """Finds the statuses of pipelines. Used from the event loop only."""

    def __init__(self, links: Links, database: Database, catalog: CatalogSource) -> None:
        self._links, self._database, self._catalog = links, database, catalog
        self._letters = Letters(database)
        self._kept: dict[str, _Kept] = {}

    async def of(self, served: ServedPipeline) -> dict[str, Any]:
        """The status of a pipeline, at most two seconds old. What can't be read is null; nothing is raised for it."""
        self._forget_removed()
        kept = self._kept.setdefault(served.key, _Kept())
        if kept.facts is None or time.monotonic() - kept.at > _FRESH_S:
            if kept.refresh is None:
                kept.refresh = asyncio.create_task(self._refresh(served, kept))
            facts = await asyncio.shield(kept.refresh)
        else:
            facts = kept.facts
        return status_document(with_reported_status(facts, await self._catalog.reported_status(served.key)))

    async def of_unserved(self, namespace: str, name: str, reason: str) -> dict[str, Any]:
        """The status of a pipeline that exists but is not served."""
        facts = PipelineFacts(namespace, name, names.images_topic(namespace, name), None, unserved=reason)
        return status_document(with_reported_status(facts, await self._catalog.reported_status(f"{namespace}/{name}")))

    async def _refresh(self, served: ServedPipeline, kept: _Kept) -> PipelineFacts:
        try:
            kept.facts = await self._with_store(served, await self._from_kafka(served, kept.samples))
            kept.at = time.monotonic()
            return kept.facts
        finally:
            kept.refresh = None

    async def _from_kafka(self, served: ServedPipeline, samples: deque[Sample]) -> PipelineFacts:
        suspended = served.pipeline.spec.suspend
        try:
            admin = self._links.of(served).admin
        except NotConnected as error:
            unconnected = Sample(time.monotonic(), problems=(str(error).removesuffix("."),))
            return facts_from_kafka(served.plan, [unconnected], suspended=suspended)
        sample = await asyncio.to_thread(take_sample, admin, served.plan)
        while samples and sample.at - samples[0].at > _WINDOW_S:
            samples.popleft()
        facts = facts_from_kafka(served.plan, [*samples, sample], suspended=suspended)
        if not sample.problems:
            samples.append(sample)
        if not sample.kafka_away:
            return facts
        reason = admin.problem()
        problems = () if reason is None else (f"the last connection to Kafka failed: {reason}",)
        return replace(facts, kafka_away=served.kafka.bootstrap_servers, problems=problems)

    async def _with_store(self, served: ServedPipeline, facts: PipelineFacts) -> PipelineFacts:
        """The facts with the dead letters and the times of the oldest waiting images."""
        try:
            letters = await self._letters.of(served.key, served.stages)
            stages = [
                replace(stage, dead_letters=letters[stage.name].by_reason, last_errors=letters[stage.name].newest)
                for stage in facts.stages
            ]
            link = self._links.find(served)
            if link is not None:
                positions = {position for stage in stages for position in next_positions(stage)}
                times = await times_of(facts.images_topic, positions, self._database, link.reader)
                stages = [_with_oldest(stage, times) for stage in stages]
        except StoreUnavailable as error:
            return replace(facts, problems=(*facts.problems, f"the results store can't be read: {error}"))
        return replace(facts, stages=tuple(stages))

    def _forget_removed(self) -> None:
        for key in self._kept.keys() - self._links.pipelines.keys():
            del self._kept[key]
            self._letters.forget(key)


def _with_oldest(stage: StageFacts, times: dict[tuple[int, int], int]) -> StageFacts:
    known = [times[position] for position in next_positions(stage) if position in times]
    return replace(stage, oldest_waiting_ms=min(known, default=None))
