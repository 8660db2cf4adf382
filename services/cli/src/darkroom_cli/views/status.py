"""The status of a pipeline, and of all pipelines in a table."""

from collections.abc import Iterator
from datetime import UTC, datetime

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from darkroom_cli.client.service import Document
from darkroom_cli.client.status import needs_attention
from darkroom_cli.views.tables import table_of

UNKNOWN = "unknown"
_NONE = "-"
_MOST_PARTITIONS = 12
"""Of a stage with more partitions, those with the largest lag are listed."""
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


def pipelines_table(statuses: list[Document], now: datetime | None = None) -> RenderableType:
    """One row for each pipeline, then what to do."""
    columns = ("pipeline", "state", "workers", "lag", "in/s", "done/s", "oldest", "dead letters")
    table = table_of(*columns, right=frozenset(columns[2:]))
    for status in statuses:
        stages = status["stages"]
        table.add_row(
            _name(status),
            state(status),
            _total([None if stage["groupState"] is None else len(stage["workers"]) for stage in stages]),
            _total([stage["lag"] for stage in stages]),
            _rate(status["images"]["ratePerSecond"]),
            _rate_of_stages([stage["ratePerSecond"] for stage in stages]),
            _age(min(filter(None, (stage["oldestWaitingAt"] for stage in stages)), default=None), now),
            _total([stage["deadLetters"]["total"] for stage in stages]),
        )
    advice = [f"{_name(status)}{line}" for status in statuses for line in _advice(status, ": ", ", stage ")]
    unknown = [f"{_name(status)}, stage {line}" for status in statuses for line in _unknown(status)]
    return Group(
        table,
        *_section("Unknown", [_bullets(unknown)] if unknown else []),
        *_section("What to do", [_bullets(advice)] if advice else []),
    )


def pipeline_view(status: Document, now: datetime | None = None) -> RenderableType:
    """Everything about one pipeline."""
    images = status["images"]
    topic = f"{images['topic']}, {_partition_count(images)}, {_rate(images['ratePerSecond'])} images per second"
    advice = [line.removeprefix(": ") for line in _advice(status, ": ", "")]
    stages, errors = status["stages"], any(stage["lastErrors"] for stage in status["stages"])
    unknown = list(_unknown(status))
    return Group(
        Text.assemble((_name(status), "bold"), f"  {state(status)}"),
        Text(f"images topic {topic}"),
        *_section("Conditions", [_conditions(status, now)] if status["conditions"] else []),
        *_section("Stages", [_stages(status, now)] if stages else []),
        *_section("Unknown", [_bullets(unknown)] if unknown else []),
        *_section("Autoscaling", [_autoscaling(status)] if any(stage.get("autoscaling") for stage in stages) else []),
        *_section("Workers", [_workers(status)] if any(stage["workers"] for stage in stages) else []),
        *_section("Lag by partition", [_partitions(status)] if stages and images["partitions"] else []),
        *_section("Last errors", [_errors(status, now)] if errors else []),
        *_section("What to do", [_bullets(advice)] if advice else []),
    )


def state(status: Document) -> str:
    """The state of a pipeline in one word."""
    if status["suspended"] is None:
        return "NotServed"
    if needs_attention(status):
        return "Unhealthy"
    return "Suspended" if status["suspended"] else "Healthy"


def _stages(status: Document, now: datetime | None) -> Table:
    columns = ("stage", "group", "workers", "lag", "done/s", "oldest waiting", "dead letters")
    table = table_of(*columns, right=frozenset({"workers", "lag", "done/s", "oldest waiting"}))
    for stage in status["stages"]:
        letters = stage["deadLetters"]
        reasons = ", ".join(f"{one['count']:,} {one['reason']}" for one in letters["byReason"])
        table.add_row(
            stage["name"],
            stage["groupState"] or UNKNOWN,
            UNKNOWN if stage["groupState"] is None else str(len(stage["workers"])),
            _number(stage["lag"]),
            _rate(stage["ratePerSecond"]),
            _age(stage["oldestWaitingAt"], now),
            reasons or _number(letters["total"]),
        )
    return table


def _autoscaling(status: Document) -> Table:
    columns = ("stage", "desired", "reason", "lag", "drained in", "in/s")
    table = table_of(*columns, right=frozenset({"desired", "lag", "drained in", "in/s"}))
    for stage in status["stages"]:
        if decided := stage.get("autoscaling"):
            drain_s = decided["drainSeconds"]
            table.add_row(
                stage["name"],
                str(decided["desired"]),
                decided["reason"],
                _number(decided["lag"]),
                UNKNOWN if drain_s is None else f"{drain_s:,} s",
                _rate(decided["ratePerSecond"]),
            )
    return table


def _workers(status: Document) -> Table:
    table = table_of("stage", "worker", "partitions")
    for stage in status["stages"]:
        for worker in stage["workers"]:
            partitions = _ranges(worker["partitions"]) or "none"
            # The name of the consumer ends with the number of the worker's loop.
            loop = worker["id"].rpartition("-")[2]
            name = f"{worker['host']}, loop {loop}" if worker["id"].startswith(worker["host"]) else worker["id"]
            table.add_row(stage["name"], name, partitions)
    return table


def _partitions(status: Document) -> Table:
    """The end of every partition, and the lag of every stage in it; the partitions with the largest lag if many."""
    stages = [stage["name"] for stage in status["stages"]]
    lags = {stage["name"]: {one["partition"]: one["lag"] for one in stage["partitions"]} for stage in status["stages"]}

    def lag_of(partition: Document) -> int:
        return max(lags[stage].get(partition["partition"]) or 0 for stage in stages)

    table = table_of("partition", "end", *stages, right=frozenset({"partition", "end", *stages}))
    ordered = sorted(status["images"]["partitions"], key=lag_of, reverse=True)
    for one in sorted(ordered[:_MOST_PARTITIONS], key=lambda one: int(one["partition"])):
        number = one["partition"]
        table.add_row(str(number), _number(one["end"]), *(_number(lags[stage].get(number)) for stage in stages))
    if rest := ordered[_MOST_PARTITIONS:]:
        table.add_row(
            f"{len(rest)} more", "", *(_total([lags[stage].get(one["partition"]) for one in rest]) for stage in stages)
        )
    return table


def _conditions(status: Document, now: datetime | None) -> Table:
    table = table_of("type", "status", "reason", "age", "message", right=frozenset({"age"}))
    for one in status["conditions"]:
        age = _age(one["lastTransitionTime"], now)
        table.add_row(one["type"], one["status"], one["reason"], age, Text(one["message"] or ""))
    return table


def _errors(status: Document, now: datetime | None) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    for stage in status["stages"]:
        for error in stage["lastErrors"]:
            what = f"{stage['name']}, image {error['image']}: {error['reason']}: {error['message']}"
            table.add_row(Text(_age(error["at"], now)), Text(what))
    return table


def _unknown(status: Document) -> Iterator[str]:
    """Why the lag of a stage is unknown although Kafka responds. A service of an earlier version does not say it."""
    return (f"{stage['name']}: {stage['lagUnknown']}" for stage in status["stages"] if stage.get("lagUnknown"))


def _advice(status: Document, after_pipeline: str, before_stage: str) -> Iterator[str]:
    yield from (f"{after_pipeline}{sentence}" for sentence in status["advice"])
    for stage in status["stages"]:
        yield from (f"{before_stage}{stage['name']}: {sentence}" for sentence in stage["advice"])


def _bullets(lines: list[str]) -> Table:
    table = Table.grid(padding=(0, 1))
    for line in lines:
        table.add_row("-", Text(line))
    return table


def _section(title: str, parts: list[Table]) -> Iterator[RenderableType]:
    for part in parts:
        yield Text(f"\n{title}", "bold")
        yield Padding(part, (0, 0, 0, 2))


def _name(status: Document) -> str:
    return f"{status['namespace']}/{status['name']}"


def _partition_count(images: Document) -> str:
    return f"{len(images['partitions'])} partitions" if images["partitions"] else "partitions unknown"


def _ranges(numbers: list[int]) -> str:
    """Sorted numbers, with ranges: 0-3, 7."""
    parts: list[list[int]] = []
    for number in sorted(numbers):
        if parts and number == parts[-1][-1] + 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    return ", ".join(str(part[0]) if len(part) == 1 else f"{part[0]}-{part[-1]}" for part in parts)


def _total(numbers: list[int | None]) -> str:
    known = [number for number in numbers if number is not None]
    return UNKNOWN if not known or len(known) < len(numbers) else f"{sum(known):,}"


def _rate_of_stages(rates: list[float | None]) -> str:
    """The rate of the slowest stage: every stage analyses every image."""
    known = [rate for rate in rates if rate is not None]
    return UNKNOWN if not known or len(known) < len(rates) else _rate(min(known))


def _number(number: int | None) -> str:
    return UNKNOWN if number is None else f"{number:,}"


def _rate(rate: float | None) -> str:
    return UNKNOWN if rate is None else f"{rate:,.1f}"


def _age(text: str | None, now: datetime | None) -> str:
    """How long ago a time was, like kubectl: 7s, 12m, 3h, 5d."""
    if text is None:
        return _NONE
    try:
        seconds = ((now or datetime.now(UTC)) - datetime.fromisoformat(text)).total_seconds()
    except (ValueError, TypeError):
        return text
    count, unit = next(((int(seconds // size), unit) for size, unit in _UNITS if seconds >= size), (0, "s"))
    return f"{count}{unit}"
