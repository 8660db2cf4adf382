"""The request for a replay, and the settings of its worker processes."""

from dataclasses import dataclass

from darkroom import names
from darkroom.kafka.positions import Position
from darkroom.stage_settings import Replay, StageSettings
from darkroom_inference.bounded.plan import ReplayPlan
from darkroom_inference.replay.log import CannotReplay


@dataclass(frozen=True)
class Request:
    """One run of a replay.

    Attributes:
        generation: the name of the replay. An unfinished replay of this name is resumed.
        start: where to start; not needed to resume.
        end: where to stop.
        results_topic: the topic for the results; None for the stage's results topic.
        rate: images per second of all processes together; 0 for no limit.
        report_every_s: seconds between two progress reports.
    """

    generation: str
    start: Position | None
    end: Position
    results_topic: str | None
    rate: float
    report_every_s: float


def checked_topic(settings: StageSettings, topic: str | None) -> str | None:
    """`topic`, checked; None if it is the stage's results topic.

    Raises:
        CannotReplay: the topic can't be used for results.
    """
    if topic is None or topic == settings.results_topic:
        return None
    if not (names.is_topic(topic) and names.is_topic(names.replay_dead_letters_topic(topic))):
        raise CannotReplay(
            f"results topic {topic!r}: give at most {249 - len(names.replay_dead_letters_topic(''))} characters: "
            "letters, digits, '.', '_' and '-'"
        )
    if topic in {settings.images_topic, settings.dead_letters_topic}:
        raise CannotReplay(f"results topic {topic}: the pipeline uses this topic for images: choose another name")
    return topic


def settings_of_workers(settings: StageSettings, generation: str, plan: ReplayPlan) -> StageSettings:
    """The settings of a replay's worker processes: the stage's, with the replay's group, generation and topics."""
    group = names.replay_group(settings.namespace, settings.pipeline, settings.stage.name, generation)
    topics = {} if plan.results_topic is None else topics_of(plan.results_topic)
    busy = sum(read.length > 0 for read in plan.ranges.values())
    update = {
        "consumer_group": group,
        # A loop without partitions would be useless in a replay.
        "loops": max(1, min(settings.loops, busy)),
        "replay": Replay(
            generation=generation,
            ranges={partition: (read.start, read.end) for partition, read in plan.ranges.items()},
            results_topic=plan.results_topic,
        ),
        **topics,
    }
    return settings.model_copy(update=update)


def topics_of(results_topic: str) -> dict[str, str]:
    """The topics of a replay with a separate results topic, by the name of their setting."""
    return {"results_topic": results_topic, "dead_letters_topic": names.replay_dead_letters_topic(results_topic)}
