"""The position of a reader of a pipeline's feed: the next offset of every partition, written as the id of an event.

Such an id is enough to resume exactly there, after a restart and on another replica.
`classify.r=1a.0.3~classify.d=0.0.0`: for each stage its results (r) and dead letters (d), offsets in base 36.
"""

import re
from collections.abc import Mapping
from typing import Literal

Output = Literal["r", "d"]
Topic = tuple[str, Output]
"""A stage, and one of its topics."""

MAX_LENGTH = 64 * 1024
_PIECE = re.compile(r"([a-z0-9-]{1,40})\.([rd])=([0-9a-z]{1,13}(?:\.[0-9a-z]{1,13})*)")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


class Positions:
    """The next offsets by topic. Only topics that have changed are encoded again."""

    def __init__(self, offsets: Mapping[Topic, list[int]]) -> None:
        self._offsets = {topic: list(offsets[topic]) for topic in sorted(offsets)}
        self._pieces: dict[Topic, str] = {}

    @property
    def offsets(self) -> dict[Topic, list[int]]:
        """The next offsets by topic and partition."""
        return {topic: list(offsets) for topic, offsets in self._offsets.items()}

    def copy(self) -> "Positions":
        """An independent copy."""
        return Positions(self._offsets)

    def is_behind(self, other: "Positions") -> bool:
        """Whether `other` is ahead in one of the topics of these positions."""
        return any(
            ours < theirs
            for topic, offsets in other.offsets.items()
            if topic in self._offsets
            for ours, theirs in zip(self._offsets[topic], offsets, strict=False)
        )

    def move(self, topic: Topic, partition: int, next_offset: int) -> None:
        """Set the next offset of a partition. Unknown partitions before it start at 0."""
        offsets = self._offsets.setdefault(topic, [])
        offsets.extend([0] * (partition + 1 - len(offsets)))
        offsets[partition] = next_offset
        self._pieces.pop(topic, None)

    def encode(self) -> str:
        """The positions as the id of an event."""
        for topic, offsets in self._offsets.items():
            if topic not in self._pieces:
                self._pieces[topic] = f"{topic[0]}.{topic[1]}={'.'.join(map(_base36, offsets))}"
        return "~".join(self._pieces[topic] for topic in sorted(self._offsets))


def decode(text: str) -> Positions | None:
    """The positions in the id of an event; None if `text` is not such an id."""
    if len(text) > MAX_LENGTH:
        return None
    offsets: dict[Topic, list[int]] = {}
    for piece in text.split("~"):
        match = _PIECE.fullmatch(piece)
        if match is None:
            return None
        output: Output = "r" if match[2] == "r" else "d"
        numbers = [int(number, 36) for number in match[3].split(".")]
        if max(numbers) >= 2**63:
            return None
        offsets[match[1], output] = numbers
    return Positions(offsets)


def _base36(number: int) -> str:
    digits = _DIGITS[number % 36]
    while number := number // 36:
        digits = _DIGITS[number % 36] + digits
    return digits
