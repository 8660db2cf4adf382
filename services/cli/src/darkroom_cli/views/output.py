"""Output of `darkroom`: results on stdout, progress and errors on stderr."""

import json
import sys
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from rich.console import Console

_WIDTH_WHEN_PIPED = 200


def say(line: str) -> None:
    """Print a progress or error line to stderr. Ignores a closed stderr."""
    with suppress(BrokenPipeError):
        print(line, file=sys.stderr, flush=True)  # noqa: T201 - rich would wrap the line at the terminal's width


def answer(line: str) -> None:
    """Print a line of the result to stdout."""
    print(line, flush=True)  # noqa: T201


def answer_json(document: Any, *, indent: int | None = 2) -> None:
    """Print a JSON document to stdout; with `indent=None`, on one line."""
    answer(json.dumps(document, indent=indent, ensure_ascii=False))


class JsonArray:
    """A JSON array on stdout whose items are printed as they are added."""

    def __init__(self, *, shown: bool = True) -> None:
        """If not `shown`, nothing is printed."""
        self._shown = shown
        self._items = 0

    def __enter__(self) -> Self:
        """Open the array."""
        if self._shown:
            print("[", end="")  # noqa: T201
        return self

    def add(self, item: Any) -> None:
        """Print an item on a separate line."""
        if self._shown:
            print(",\n" if self._items else "\n", json.dumps(item, ensure_ascii=False), sep="", end="", flush=True)  # noqa: T201
            self._items += 1

    def __exit__(self, *_: object) -> None:
        """Close the array, also after an error, so that the output is valid JSON."""
        if self._shown:
            answer("\n]" if self._items else "]")


def stdout_console() -> "Console":
    """The console for tables and trees. Piped output is wide, not truncated at 80 columns."""
    return _console(sys.stdout)


def stderr_console() -> "Console":
    """The console for progress bars."""
    return _console(sys.stderr)


def _console(stream: IO[str]) -> "Console":
    from rich.console import Console  # noqa: PLC0415 - few commands need it

    return Console(file=stream, width=None if stream.isatty() else _WIDTH_WHEN_PIPED, highlight=False)
