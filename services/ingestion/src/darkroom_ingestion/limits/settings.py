"""The options of the limits for callers."""

import argparse
import math
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any, Self

from darkroom.api.quantities import parse_size


@dataclass(frozen=True)
class LimitSettings:
    """What one caller may use. 0 sets no limit.

    Attributes:
        requests: requests a second. As many may come at once.
        bytes: bytes of request bodies a second. As many may come at once.
        streams: open streams of live events.
        waiting: requests with `Prefer: wait` at a time.
        exports: exports at a time.
    """

    requests: float = 0
    bytes: int = 0
    streams: int = 512
    waiting: int = 512
    exports: int = 8

    @classmethod
    def of(cls, parsed: dict[str, Any]) -> Self:
        """Takes the limits out of the options of the command line."""
        limits = {field.name: parsed.pop(f"{field.name}_per_caller") for field in fields(cls)}
        former = parsed.pop("live_clients_per_address")
        if limits["streams"] is None:
            limits["streams"] = cls.streams if former is None else former
        return cls(**limits)

    def divided(self, processes: int) -> Self:
        """The share of one of several processes."""
        return replace(
            self,
            requests=self.requests / processes,
            **{name: -(-getattr(self, name) // processes) for name in ("bytes", "streams", "waiting", "exports")},
        )


def add_limit_options(option: Callable[..., None]) -> None:
    """Add the options to a command line. `option` takes a flag, a help text and the arguments of `add_argument`."""
    for flag, text, read, default in (
        ("--requests-per-caller", "requests a second of one caller", _rate, LimitSettings.requests),
        ("--bytes-per-caller", "bytes of request bodies a second of one caller, such as 50M", _size, "0"),
        ("--streams-per-caller", "open streams of live events of one caller", _number, None),
        ("--waiting-per-caller", "requests with `Prefer: wait` of one caller", _number, LimitSettings.waiting),
        ("--exports-per-caller", "exports of one caller at a time", _number, LimitSettings.exports),
    ):
        shown = LimitSettings.streams if default is None else default
        option(
            flag, f"maximum {text}; 0 sets no limit (default: {shown})", type=read, default=default, metavar="NUMBER"
        )
    option("--live-clients-per-address", argparse.SUPPRESS, type=_number)  # the former name of --streams-per-caller


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text} is not a whole number of at least 0")
    return int(text)


def _rate(text: str) -> float:
    rate = float(text)
    if not 0 <= rate < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not a number of at least 0")
    return rate


def _size(text: str) -> int:
    try:
        return parse_size(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
