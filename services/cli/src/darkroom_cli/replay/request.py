"""The options of a replay, checked without Kafka and converted to arguments of the worker."""

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
        start: start of the range; None to continue an unfinished replay.
        end: end of the range.
        results_topic: topic for the results; None for the stage's results topic.
        rate: maximum images per second; 0 for no limit.
        generation: name of the replay.
    """

    start: str | None
    end: str
    results_topic: str | None
    rate: float
    generation: str

    def arguments(self) -> list[str]:
        """The arguments of `darkroom-worker replay`."""
        where = [] if self.start is None else [f"--from={self.start}"]
        topic = [] if self.results_topic is None else [f"--results-topic={self.results_topic}"]
        return [f"--generation={self.generation}", *where, f"--to={self.end}", *topic, f"--rate={self.rate:g}"]


def request(start: str | None, end: str, results_topic: str | None, rate: float, generation: str | None) -> Request:
    """The replay with these options. Without `generation` it gets a new name.

    Raises:
        InvalidInput: an option is invalid.
    """
    if start is None and generation is None:
        raise InvalidInput("give the start of the range with --from, or the replay to continue with --generation")
    try:
        last = parse_position(end)
        if start is not None:
            check_range(parse_position(start), last)
    except BadPosition as error:
        raise InvalidInput(str(error)) from error
    if generation is not None and (problem := names.generation_problem(generation)):
        raise InvalidInput(problem)
    if results_topic is not None and not names.is_topic(results_topic):
        raise InvalidInput(
            f"results topic {results_topic!r}: a topic name may contain only letters, digits, '.', '_' and '-'"
        )
    return Request(start, end, results_topic, rate, generation or new_generation(datetime.now(UTC)))


def new_generation(now: datetime) -> str:
    """A unique name that sorts by time."""
    return f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
