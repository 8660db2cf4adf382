"""What a replay was asked to do, and what that means for its worker processes."""

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
        generation: its name. A replay that was begun before is resumed.
        start: where to begin; not needed to resume.
        end: where to stop.
        results_topic: where the results go; the stage's own topic when left out.
        rate: images per second of all processes together; 0 for no limit.
        report_every_s: seconds between two reports of progress.
    """

    generation: str
    start: Position | None
    end: Position
    results_topic: str | None
    rate: float
    report_every_s: float


def checked_topic(settings: StageSettings, topic: str | None) -> str | None:
    """The results topic that was asked for; None if it is the stage's own.

    Raises:
        CannotReplay: results must not go there.
    """
    if topic is None or topic == settings.results_topic:
        return None
    if not (names.is_topic(topic) and names.is_topic(names.replay_dead_letters_topic(topic))):
        raise CannotReplay(
            f"results topic {topic!r}: a topic's name is letters, digits, '.', '_' and '-', and here at most "
            f"{249 - len(names.replay_dead_letters_topic(''))} of them"
        )
    if topic in {settings.images_topic, settings.dead_letters_topic}:
        raise CannotReplay(f"results topic {topic}: the pipeline keeps images there: choose another name")
    return topic


def settings_of_workers(settings: StageSettings, generation: str, plan: ReplayPlan) -> StageSettings:
    """The settings of a replay's processes: those of the stage, with a group, a generation and topics of the replay."""
    group = names.replay_group(settings.namespace, settings.pipeline, settings.stage.name, generation)
    topics = {} if plan.results_topic is None else topics_of(plan.results_topic)
    busy = sum(read.length > 0 for read in plan.ranges.values())
    update = {
        "consumer_group": group,
        # A loop without partitions is of no use here.
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
    """Both topics of a replay whose results go to a topic of its own."""
    return {"results_topic": results_topic, "dead_letters_topic": names.replay_dead_letters_topic(results_topic)}
