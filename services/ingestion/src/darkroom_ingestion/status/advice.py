"""What to do about each unhealthy state of a pipeline, as sentences. Pure."""

from collections.abc import Iterator

from darkroom_ingestion.status.facts import REBALANCING, PipelineFacts, StageFacts

_LEAST_LAG = 20
"""Lag below this is the work of a moment."""
_HOT_SHARE = 0.8
"""The share of the lag in one partition from which the partition is hot."""
_STILL_S = 10.0
"""How long a stage with lag may analyse nothing before it counts as stalled: a batch may take seconds."""
_PERCENT = 100
_NO_REPLICAS = "The stage has no workers because its replicas are 0: increase spec.stages[].replicas."


def pipeline_advice(facts: PipelineFacts) -> list[str]:
    """What is wrong with the pipeline as a whole, and what to do. Empty if nothing is."""
    return list(_of_pipeline(facts))


def stage_advice(stage: StageFacts, facts: PipelineFacts) -> list[str]:
    """What is wrong with a stage of the pipeline, and what to do. Empty if nothing is."""
    if facts.kafka_away is not None or facts.suspended:
        return []
    return [*_of_group(stage, facts), *_of_lag(stage, facts), *_of_dead_letters(stage, facts)]


def _of_pipeline(facts: PipelineFacts) -> Iterator[str]:
    if facts.unserved is not None:
        yield f"The ingestion service does not serve the pipeline: {facts.unserved}."
    if facts.kafka_away is not None:
        yield (
            f"Kafka does not respond at {facts.kafka_away}: check that its brokers run and that the ingestion service "
            f"may connect to them. Lag and workers are unknown until then."
        )
    elif facts.images is not None and not facts.images:
        yield (
            f"The topic {facts.images_topic} does not exist. "
            + (
                "Look at the condition TopicsReady, and at the operator's log."
                if facts.conditions is not None
                else "Start `darkroom up` again: it creates the topics."
            )
        )
    for problem in facts.problems:
        yield f"{problem[:1].upper()}{problem[1:]}."
    if facts.suspended:
        yield ("The pipeline is suspended: images are accepted and wait. Set spec.suspend to false to analyse them.")
    for condition in facts.conditions or ():
        # The condition Ready repeats the first of the others that is not true.
        if condition.get("status") != "True" and condition.get("type") != "Ready":
            message = condition.get("message") or "the operator gives no details; look at its log"
            yield f"{condition.get('type')} is {condition.get('status')} ({condition.get('reason')}): {message}"


def _of_group(stage: StageFacts, facts: PipelineFacts) -> Iterator[str]:
    if stage.group_state is None:
        if stage.mode == "Queue" and stage.replicas == 0:
            yield _NO_REPLICAS
        return
    if not stage.workers:
        if stage.autoscaling is not None and stage.autoscaling.get("desired") == 0:
            return
        if stage.replicas == 0 and stage.autoscaling is None:
            yield _NO_REPLICAS
        else:
            yield f"No worker of the stage is connected to Kafka: {_find_workers(stage, facts)}."
    elif stage.group_state in REBALANCING:
        yield (
            "The consumer group is assigning partitions to its workers. If this takes longer than a minute, "
            f"look for workers that start again and again: {_find_workers(stage, facts)}."
        )
    elif unread := [one.partition for one in stage.partitions if one.worker is None]:
        yield f"No worker reads {_partitions(unread)}: if this lasts, restart the stage's workers."


def _of_lag(stage: StageFacts, facts: PipelineFacts) -> Iterator[str]:
    if stage.mode == "Queue":
        yield from _of_queue(stage, facts)
        return
    if not stage.workers or stage.lag is None or stage.lag < _LEAST_LAG:
        return
    if stage.rate == 0 and facts.seconds is not None and facts.seconds >= _STILL_S:
        yield (
            f"{stage.lag:,} images wait, and the stage has analysed none for {facts.seconds:.0f} s: "
            f"{_find_workers(stage, facts)}."
        )
        return
    if (hot := _hot_partition(stage)) is not None:
        number, share = hot
        yield (
            f"Partition {number} has {share * _PERCENT:.0f} % of the lag, and one worker at most reads it: images with "
            "the same key are in the same partition. Use more keys, or no key where the order does not matter."
        )
    elif stage.lag_before is not None and stage.lag > stage.lag_before and _falls_behind(stage, facts):
        yield f"The lag grows: {_rates(stage, facts)}. {_more_capacity(stage)}"


def _of_queue(stage: StageFacts, facts: PipelineFacts) -> Iterator[str]:
    """The lag of a share group is unknown: only a stage that finishes nothing can be told from a healthy one."""
    if facts.seconds is None or facts.seconds < _STILL_S or facts.images_rate is None or stage.rate != 0:
        return
    if (arrived := round(facts.images_rate * facts.seconds)) >= _LEAST_LAG:
        yield (
            f"{arrived:,} images arrived in the last {facts.seconds:.0f} s, and the stage has analysed none: "
            f"{_find_workers(stage, facts)}."
        )


def _of_dead_letters(stage: StageFacts, facts: PipelineFacts) -> Iterator[str]:
    if not stage.new_dead_letters or facts.seconds is None:
        return
    last = f" (the last: {stage.last_errors[0].reason})" if stage.last_errors else ""
    images = "1 image" if stage.new_dead_letters == 1 else f"{stage.new_dead_letters:,} images"
    yield (
        f"The stage failed on {images} in the last {facts.seconds:.0f} s{last}: "
        f"`darkroom dead-letters --pipeline {facts.namespace}/{facts.name} --stage {stage.name}` lists them. Correct "
        "the cause, then redrive them with `darkroom dead-letters redrive`."
    )


def _falls_behind(stage: StageFacts, facts: PipelineFacts) -> bool:
    return stage.rate is not None and facts.images_rate is not None and stage.rate < facts.images_rate


def _rates(stage: StageFacts, facts: PipelineFacts) -> str:
    return f"{facts.images_rate:,.1f} images arrive per second, and the stage analyses {stage.rate:,.1f}"


def _more_capacity(stage: StageFacts) -> str:
    busy = sum(bool(worker.partitions) for worker in stage.workers)
    if busy < len(stage.partitions):
        return "Increase the stage's replicas or the CPU limit of its workers."
    return (
        f"Each of the {len(stage.partitions)} partitions has a consumer: increase spec.images.partitions together with "
        "the replicas, or use a smaller model or a GPU."
    )


def _hot_partition(stage: StageFacts) -> tuple[int, float] | None:
    """The partition with most of the lag, and its share of it; None if the lag is spread."""
    if len(stage.partitions) == 1 or not stage.lag:
        return None
    largest = max(stage.partitions, key=lambda one: one.lag or 0)
    share = (largest.lag or 0) / stage.lag
    return (largest.partition, share) if share >= _HOT_SHARE else None


def _find_workers(stage: StageFacts, facts: PipelineFacts) -> str:
    if facts.conditions is None:
        return "look at the output of `darkroom up`"
    labels = f"darkroom.dev/pipeline={facts.name},darkroom.dev/stage={stage.name}"
    return f"`kubectl get pods -n {facts.namespace} -l {labels}` shows its workers; read their logs"


def _partitions(numbers: list[int]) -> str:
    return f"partition {numbers[0]}" if len(numbers) == 1 else f"partitions {', '.join(map(str, numbers))}"
