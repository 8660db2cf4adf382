"""What is asked of a replay, and whether it can be."""

from dataclasses import dataclass

from darkroom import names
from darkroom.kafka.positions import Position
from darkroom.stage_settings import Replay, StageSettings
from darkroom_inference.bounded.plan import Plan
from darkroom_inference.replay.log import CannotReplay


@dataclass(frozen=True)
class Request:
    """One run of a replay.

    Attributes:
        generation: its name; one that was begun before goes on where it was.
        start: where to begin; may be left out for one that was begun before.
        end: where to stop.
        results_topic: where the results go; the stage's own topic when left out.
        rate: images a second of all processes together; 0 is no bound.
        report_every_s: how often it says how far it is.
    """

    generation: str
    start: Position | None
    end: Position
    results_topic: str | None
    rate: float
    report_every_s: float


def checked_topic(settings: StageSettings, topic: str | None) -> str | None:
    """The topic that is asked for, or None where it is the stage's own.

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
        raise CannotReplay(f"results topic {topic}: it holds images: choose another name")
    return topic


def settings_of_workers(settings: StageSettings, generation: str, plan: Plan) -> StageSettings:
    """What the processes of a replay are told: the stage, with a group, a name and a place for results of its own."""
    group = names.replay_group(settings.namespace, settings.pipeline, settings.stage.name, generation)
    elsewhere = {} if plan.results_topic is None else topics_of(plan.results_topic)
    busy = sum(each.length > 0 for each in plan.ranges.values())
    told = {
        "consumer_group": group,
        # A loop without partitions is of no use here: nobody's work is to be taken over for long.
        "loops": max(1, min(settings.loops, busy)),
        "replay": Replay(
            generation=generation,
            ranges={partition: (each.start, each.end) for partition, each in plan.ranges.items()},
            results_topic=plan.results_topic,
        ),
        **elsewhere,
    }
    return settings.model_copy(update=told)


def topics_of(results_topic: str) -> dict[str, str]:
    """Both topics of a replay whose results go to a topic of its own."""
    return {"results_topic": results_topic, "dead_letters_topic": names.replay_dead_letters_topic(results_topic)}
