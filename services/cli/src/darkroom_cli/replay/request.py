"""What the user asks of a replay, checked as far as that needs no Kafka, and as the worker takes it."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from darkroom import names
from darkroom.kafka.positions import BadPosition, check_range, parse_position
from darkroom_cli.exit_codes import InvalidInput


@dataclass(frozen=True)
class Request:
    """A replay.

    Attributes:
        start: where to begin; only one that was begun before can do without.
        end: where to stop.
        results_topic: where the results go, if not where the stage's go.
        rate: images a second; 0 is no bound.
        generation: its name.
    """

    start: str | None
    end: str
    results_topic: str | None
    rate: float
    generation: str

    def arguments(self) -> list[str]:
        """For `darkroom-worker replay`."""
        where = [] if self.start is None else [f"--from={self.start}"]
        topic = [] if self.results_topic is None else [f"--results-topic={self.results_topic}"]
        return [f"--generation={self.generation}", *where, f"--to={self.end}", *topic, f"--rate={self.rate:g}"]


def request(start: str | None, end: str, results_topic: str | None, rate: float, generation: str | None) -> Request:
    """The replay that is asked for; one that has no name gets one.

    Raises:
        InvalidInput: what is wrong with it.
    """
    if start is None and generation is None:
        raise InvalidInput("say where to begin, with --from; or which replay to go on with, with --generation")
    try:
        last = parse_position(end)
        if start is not None:
            check_range(parse_position(start), last)
    except BadPosition as error:
        raise InvalidInput(str(error)) from error
    if generation is not None and (problem := names.generation_problem(generation)):
        raise InvalidInput(problem)
    if results_topic is not None and not names.is_topic(results_topic):
        raise InvalidInput(f"results topic {results_topic!r}: a topic's name is letters, digits, '.', '_' and '-'")
    return Request(start, end, results_topic, rate, generation or new_generation(datetime.now(UTC)))


def new_generation(now: datetime) -> str:
    """A name that sorts by time and that nobody else has."""
    return f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
