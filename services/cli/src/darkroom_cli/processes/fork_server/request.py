"""A request to the fork server: one message of JSON, with open files for stdin, stdout, stderr and the report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

MAX_BYTES: Final = 131_072
DESCRIPTORS: Final = 4


@dataclass(frozen=True)
class Request:
    """A module to run. `environment` is added to that of the fork server."""

    module: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
