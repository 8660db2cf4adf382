"""Facts from the samples of a pipeline: lag, rates and workers. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from darkroom.kafka.groups import GroupMember, GroupView
from darkroom.kafka.lag import lag
from darkroom.topology import StagePlan, Topology
from darkroom_ingestion.status.facts import PartitionFacts, PipelineFacts, StageFacts, WorkerFacts
from darkroom_ingestion.status.sample import Sample

_WORKER_ID: Final = re.compile(r"(?P<host>.+)-[0-9a-f]{12}-\d+")
"""The client id of a worker's consumer: host name, a random number of the process, and the number of the loop."""


def facts_from_kafka(plan: Topology, samples: Sequence[Sample], *, suspended: bool) -> PipelineFacts:
    """The pipeline as the last of `samples` shows it. Rates are measured from the first to the last."""
    first, last = samples[0], samples[-1]
    seconds = last.at - first.at if len(samples) > 1 else None
    return PipelineFacts(
        namespace=plan.namespace,
        name=plan.pipeline,
        images_topic=plan.images.name,
        suspended=suspended,
        images=last.images,
        images_rate=_rate(_sum_of_ends(first), _sum_of_ends(last), seconds),
        seconds=seconds,
        stages=tuple(_stage(stage, first, last, seconds) for stage in plan.stages),
        problems=last.problems,
    )


def _stage(stage: StagePlan, first: Sample, last: Sample, seconds: float | None) -> StageFacts:
    group = None if last.groups is None else last.groups.get(stage.name)
    partitions = _partitions(stage.name, last, group)
    done_before, done = (_finished(stage, sample) for sample in (first, last))
    letters_before, letters = (None if s.dead_letters is None else s.dead_letters[stage.name] for s in (first, last))
    return StageFacts(
        name=stage.name,
        group=stage.group,
        mode=stage.spec.mode,
        replicas=stage.replicas,
        group_state=None if group is None else group.state,
        workers=() if group is None else tuple(_worker(member) for member in group.members),
        partitions=partitions,
        lag=_total_lag(partitions),
        lag_before=None if seconds is None else _total_lag(_partitions(stage.name, first, None)),
        rate=_rate(done_before, done, seconds),
        new_dead_letters=None if seconds is None else _growth(letters_before, letters),
    )


def _partitions(stage: str, sample: Sample, group: GroupView | None) -> tuple[PartitionFacts, ...]:
    if sample.images is None:
        return ()
    committed = None if sample.committed is None else sample.committed.get(stage)
    workers = {
        partition.partition: member.client_id
        for member in (() if group is None else group.members)
        for partition in member.partitions
    }
    return tuple(
        PartitionFacts(
            partition=partition,
            committed=None if committed is None else committed.get(partition),
            end=end,
            lag=None if committed is None else lag(end, beginning, committed.get(partition)),
            worker=workers.get(partition),
        )
        for partition, (beginning, end) in sorted(sample.images.items())
    )


def _worker(member: GroupMember) -> WorkerFacts:
    known = _WORKER_ID.fullmatch(member.client_id)
    host = member.host if known is None else known["host"]
    return WorkerFacts(member.client_id, host, tuple(sorted(one.partition for one in member.partitions)))


def _total_lag(partitions: Sequence[PartitionFacts]) -> int | None:
    lags = [one.lag for one in partitions if one.lag is not None]
    return sum(lags) if lags and len(lags) == len(partitions) else None


def _sum_of_ends(sample: Sample) -> int | None:
    return None if not sample.images else sum(end for _, end in sample.images.values())


def _finished(stage: StagePlan, sample: Sample) -> int | None:
    """A number that grows by one for each image that the stage finishes."""
    if stage.share_group is None:
        return _sum_of_committed(sample, stage.name)
    return None if sample.finished is None else sample.finished[stage.name]


def _sum_of_committed(sample: Sample, stage: str) -> int | None:
    """The sum of the offsets at which the group continues, which grows by one for each image."""
    if not sample.images or sample.committed is None:
        return None
    offsets: Mapping[int, int | None] = sample.committed[stage]
    return sum(max(beginning, offsets.get(number) or 0) for number, (beginning, _) in sample.images.items())


def _growth(before: int | None, after: int | None) -> int | None:
    """None if it is unknown, or if offsets have gone back: the topic or the group was recreated."""
    return None if before is None or after is None or after < before else after - before


def _rate(before: int | None, after: int | None, seconds: float | None) -> float | None:
    growth = _growth(before, after)
    return None if growth is None or not seconds else growth / seconds
