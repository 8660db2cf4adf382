"""Measurements in turn, so that a slow moment of the machine affects all of them."""

from collections.abc import Callable, Mapping
from typing import TypeVar

T = TypeVar("T")


def in_turn(measurements: Mapping[str, Callable[[], T]], rounds: int) -> dict[str, list[T]]:
    """Run every measurement once a round. Returns the values of each.

    Every second round runs in the opposite order, so that no measurement always follows the same one.
    """
    values: dict[str, list[T]] = {name: [] for name in measurements}
    for turn in range(rounds):
        names = list(measurements)
        for name in names if turn % 2 == 0 else reversed(names):
            value = measurements[name]()
            values[name].append(value)
            print(f"round {turn + 1} of {rounds}: {name}: {value}", flush=True)
    return values
