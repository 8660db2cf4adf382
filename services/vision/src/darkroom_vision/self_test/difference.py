"""A difference between an expected result and the actual one."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference, with values as people read them.

    Attributes:
        path: the field of the result, such as `predictions[0].score`; indexes are those of the expected result.
        tolerance: the difference that is allowed; empty if none is.
    """

    path: str
    expected: str
    actual: str
    tolerance: str = ""

    def __str__(self) -> str:
        allowed = f" (tolerance {self.tolerance})" if self.tolerance else ""
        return f"{self.path}: expected {self.expected}, got {self.actual}{allowed}"


def number(value: float) -> str:
    """`value` with at most six significant digits."""
    return f"{value:.6g}"


def unequal(path: str, expected: object, actual: object) -> Iterator[Difference]:
    """A difference if the values are not equal. Nothing is compared if `expected` is None."""
    if expected is not None and expected != actual:
        yield Difference(path, str(expected), "none" if actual is None else str(actual))


def apart(path: str, expected: float | None, actual: float | None, tolerance: float) -> Iterator[Difference]:
    """A difference if the numbers differ by more than `tolerance`. Nothing is compared if `expected` is None."""
    if expected is None:
        return
    if actual is None:
        yield Difference(path, number(expected), "none")
    elif not abs(actual - expected) <= tolerance:
        yield Difference(path, number(expected), number(actual), number(tolerance))
