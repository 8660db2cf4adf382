"""The report of a run, as text."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from statistics import median

from tests.chaos.observer import Sample, Strike, recovery_s
from tests.chaos.run import Outcome
from tests.chaos.verdict.verify import duplicates

_SHOWN = 10


def report(outcome: Outcome) -> str:
    """The ledger, the faults with their recovery times, the contents of the topics, and the verdict."""
    return "\n".join(
        [*_ledger(outcome), *_faults(outcome.strikes, outcome.samples), *_topics(outcome), *_verdict(outcome)]
    )


def _ledger(outcome: Outcome) -> Iterator[str]:
    acknowledged = outcome.evidence.acknowledged
    again = ", ".join(f"{reason} {count}" for reason, count in sorted(outcome.sent_again.items()))
    laps = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in outcome.seconds.items())
    contents = Counter(image.content for image in acknowledged)
    yield (
        f"{len(acknowledged)} images acknowledged, {contents['Damaged']} of them damaged, "
        f"{contents['Poison']} poison for the workers of mode Queue"
    )
    yield f"sent again: {again or 'none'}"
    yield f"took: {laps}"


def _faults(strikes: Sequence[Strike], samples: Sequence[Sample]) -> Iterator[str]:
    """Recovery: how long images sent right after the fault waited until every stage had finished them."""
    by_name: dict[str, list[float | None]] = defaultdict(list)
    for strike in strikes:
        by_name[strike.name].append(recovery_s(strike, samples))
    yield f"{'fault':36} {'times':>5} {'recovery p50':>12} {'max':>8}"
    for name, times in by_name.items():
        known = [seconds for seconds in times if seconds is not None]
        figures = f"{median(known):10.1f} s {max(known):6.1f} s" if known else ""
        unknown = f"  {len(times) - len(known)} not measured" if len(known) < len(times) else ""
        yield f"{name:36} {len(times):5} {figures}{unknown}"


def _topics(outcome: Outcome) -> Iterator[str]:
    images = outcome.evidence.images
    twice = len(images) - len({image.image_id for image in images})
    yield f"images topic: {len(images)} records, {twice} of them an image for the second time"
    for stage in outcome.evidence.stages:
        lag = sum(end - stage.done.get(partition, 0) for partition, end in outcome.evidence.ends.items())
        reasons = Counter(letter.reason for letter in stage.dead_letters)
        yield (
            f"stage {stage.name} ({stage.promises.label}): {len(stage.results)} results, "
            f"{len(stage.dead_letters)} dead letters "
            f"({', '.join(f'{reason} {count}' for reason, count in sorted(reasons.items())) or 'none'}), "
            f"{duplicates(stage)} duplicates, lag {lag}"
        )


def _verdict(outcome: Outcome) -> Iterator[str]:
    if not outcome.violations:
        unordered = [stage.name for stage in outcome.evidence.stages if not stage.promises.ordered]
        but = f" (not promised for {', '.join(unordered)})" if unordered else ""
        yield f"nothing lost, nothing out of order{but}, nothing stuck"
        return
    counts = Counter(violation.kind for violation in outcome.violations)
    for kind, count in counts.most_common():
        yield f"VIOLATED: {kind}: {count}"
        yield from (f"  {violation.what}" for violation in [v for v in outcome.violations if v.kind == kind][:_SHOWN])
