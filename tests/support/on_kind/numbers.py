"""Measurements of a run of the e2e tests, checked against bounds and printed at the end."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Numbers:
    """The measurements so far."""

    lines: list[str] = field(default_factory=list)

    def measured(self, what: str, value: float, unit: str, *, at_most: float | None = None) -> None:
        """Record a measurement.

        Raises:
            AssertionError: The value is above its bound.
        """
        bound = "" if at_most is None else f" (at most {at_most:g})"
        self.lines.append(f"{what}: {value:.1f} {unit}{bound}")
        assert at_most is None or value <= at_most, self.lines[-1]
