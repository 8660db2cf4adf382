"""What `darkroom` prints: results to stdout, everything said about the work to stderr."""

import json
import sys
from contextlib import suppress
from typing import IO, Any, Self

from rich.console import Console

_WIDTH_WHEN_PIPED = 200


def say(line: str) -> None:
    """A line about the work, for a person. That nobody reads it any more is no reason to stop working."""
    with suppress(BrokenPipeError):
        print(line, file=sys.stderr, flush=True)  # noqa: T201 - rich would break the line where the terminal ends


def answer(line: str) -> None:
    """A line of the result, for a person or a program."""
    print(line, flush=True)  # noqa: T201


def answer_json(document: Any, *, indent: int | None = 2) -> None:
    """A JSON document; `indent=None` is one line of JSON Lines."""
    answer(json.dumps(document, indent=indent, ensure_ascii=False))


class JsonArray:
    """A JSON array on stdout whose items are printed as they come."""

    def __init__(self, *, shown: bool = True) -> None:
        """Not shown, nothing is printed at all."""
        self._shown = shown
        self._items = 0

    def __enter__(self) -> Self:
        """Open the array."""
        if self._shown:
            print("[", end="")  # noqa: T201
        return self

    def add(self, item: Any) -> None:
        """Print an item, in a line of its own."""
        if self._shown:
            print(",\n" if self._items else "\n", json.dumps(item, ensure_ascii=False), sep="", end="", flush=True)  # noqa: T201
            self._items += 1

    def __exit__(self, *_: object) -> None:
        """Close the array, also after an error: what was printed stays JSON."""
        if self._shown:
            answer("\n]" if self._items else "]")


def stdout_console() -> Console:
    """For tables and trees. Piped, they are wide rather than cut off at 80 columns."""
    return _console(sys.stdout)


def stderr_console() -> Console:
    """For progress bars."""
    return _console(sys.stderr)


def _console(stream: IO[str]) -> Console:
    return Console(file=stream, width=None if stream.isatty() else _WIDTH_WHEN_PIPED, highlight=False)
