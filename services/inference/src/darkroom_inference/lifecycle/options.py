"""Options of a worker from environment variables; the defaults suit most installations."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from darkroom.errors import DarkroomError

GroupProtocol = Literal["consumer", "classic"]

IMAGE_DEADLINE = "DARKROOM_IMAGE_DEADLINE_S"
GROUP_PROTOCOL = "DARKROOM_GROUP_PROTOCOL"
CACHE_FOLDER = "DARKROOM_CACHE_DIR"


class InvalidOption(DarkroomError):
    """An environment variable has an invalid value."""


@dataclass(frozen=True)
class Options:
    """Settings of the worker's process.

    Attributes:
        image_deadline_s: if an image takes longer, the watchdog ends the process.
        group_protocol: `consumer` is KIP-848; a broker that does not support it makes the worker use `classic`.
        process: the number of the process among those of the worker; results have it.
        cache_folder: in a pod, it outlives the container; None if it is not set.
    """

    image_deadline_s: float = 60.0
    group_protocol: GroupProtocol = "consumer"
    process: int = 0
    cache_folder: Path | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read DARKROOM_IMAGE_DEADLINE_S, DARKROOM_GROUP_PROTOCOL and DARKROOM_CACHE_DIR.

        Raises:
            InvalidOption: names the variable and its valid values.
        """
        deadline = environment.get(IMAGE_DEADLINE, str(cls.image_deadline_s))
        try:
            deadline_s = float(deadline)
        except ValueError:
            deadline_s = 0.0
        if not 0 < deadline_s <= 3_600:  # noqa: PLR2004 - an hour, as the message says
            raise InvalidOption(f"{IMAGE_DEADLINE} is {deadline!r}: give a number of seconds up to 3600")
        match environment.get(GROUP_PROTOCOL, cls.group_protocol):
            case "consumer" | "classic" as protocol:
                folder = environment.get(CACHE_FOLDER)
                return cls(deadline_s, protocol, cache_folder=Path(folder) if folder else None)
            case other:
                raise InvalidOption(f"{GROUP_PROTOCOL} is {other!r}: give consumer or classic")
