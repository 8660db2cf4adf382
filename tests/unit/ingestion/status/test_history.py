"""Lag, rates and workers from samples."""

from darkroom.api.validation import parse_pipeline
from darkroom.kafka.groups import GroupMember, GroupView
from darkroom.kafka.log import TopicPartition
from darkroom.topology import topology
from darkroom_ingestion.status.history import facts_from_kafka
from darkroom_ingestion.status.sample import Sample
from tests.support.manifests import pipeline_manifest

PLAN = topology(parse_pipeline(pipeline_manifest()))
(STAGE,) = (stage.name for stage in PLAN.stages)


def sample(at: float, ends: tuple[int, int], committed: tuple[int | None, int | None], letters: int = 0) -> Sample:
    member = GroupMember("pod-a-0123456789ab-0", "10.0.0.1", frozenset({TopicPartition(PLAN.images.name, 1)}))
    return Sample(
        at=at,
        images={number: (10, end) for number, end in enumerate(ends)},
        groups={STAGE: GroupView("Stable", (member,))},
        committed={STAGE: dict(enumerate(committed))},
        dead_letters={STAGE: letters},
    )


def test_one_sample_has_lag_and_workers_but_no_rates() -> None:
    facts = facts_from_kafka(PLAN, [sample(5, (30, 40), (20, None))], suspended=False)
    (stage,) = facts.stages
    assert [one.lag for one in stage.partitions] == [10, 30]
    assert [one.worker for one in stage.partitions] == [None, "pod-a-0123456789ab-0"]
    assert (stage.lag, stage.rate, stage.lag_before, stage.new_dead_letters, facts.images_rate) == (40, *[None] * 4)
    assert [(worker.host, worker.partitions) for worker in stage.workers] == [("pod-a", (1,))]


def test_rates_are_measured_from_the_first_to_the_last_sample() -> None:
    samples = [sample(5, (30, 40), (20, None)), sample(7, (33, 41), (21, 12)), sample(15, (50, 40), (40, 40), 3)]
    facts = facts_from_kafka(PLAN, samples, suspended=False)
    (stage,) = facts.stages
    assert facts.seconds == 10
    assert facts.images_rate == 2.0
    assert stage.rate == 5.0  # 20 and, from the beginning of the log, 30 images
    assert (stage.lag_before, stage.lag, stage.new_dead_letters) == (40, 10, 3)


def test_of_a_queue_the_rate_is_known_and_the_lag_is_not() -> None:
    manifest = pipeline_manifest()
    manifest["spec"]["stages"][0]["mode"] = "Queue"
    plan = topology(parse_pipeline(manifest))
    samples = [
        Sample(at, images={0: (0, end)}, groups={}, committed={}, finished={STAGE: done}, dead_letters={STAGE: 0})
        for at, end, done in ((5, 100, 40), (15, 130, 60))
    ]
    (stage,) = facts_from_kafka(plan, samples, suspended=False).stages
    assert (stage.group, stage.mode, stage.rate) == (f"demo.digits.{STAGE}.queue", "Queue", 2.0)
    assert (stage.lag, stage.lag_before, stage.group_state, stage.workers) == (None, None, None, ())
    assert [(one.end, one.lag, one.committed, one.worker) for one in stage.partitions] == [(130, None, None, None)]


def test_what_was_not_read_is_unknown() -> None:
    facts = facts_from_kafka(PLAN, [sample(5, (30, 40), (20, 20)), Sample(9)], suspended=False)
    (stage,) = facts.stages
    assert (facts.images, facts.images_rate) == (None, None)
    assert (stage.group_state, stage.workers, stage.partitions, stage.lag, stage.rate) == (None, (), (), None, None)


def test_a_topic_that_was_recreated_has_no_rate() -> None:
    facts = facts_from_kafka(PLAN, [sample(5, (90, 90), (80, 80)), sample(9, (12, 12), (11, 11))], suspended=False)
    assert (facts.images_rate, facts.stages[0].rate) == (None, None)
