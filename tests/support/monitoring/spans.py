"""Spans that a test looks at."""

from dataclasses import dataclass, field

from darkroom.tracing.spans import Span


@dataclass
class Kept:
    """Keeps the spans that it records."""

    spans: list[Span] = field(default_factory=list)

    def record(self, span: Span) -> None:
        self.spans.append(span)

    def close(self, timeout_s: float) -> None:
        pass

    @property
    def names(self) -> list[str]:
        return [span.name for span in self.spans]
