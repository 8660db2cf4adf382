"""Results, images and dead letters as rows of a table."""

from collections.abc import Iterable, Sequence
from typing import Any

from rich.table import Table

from darkroom.cloudevents import timestamp
from darkroom_cli.client.service import Document
from darkroom_cli.client.submission import Sent
from darkroom_cli.views.outcome import outcome
from darkroom_cli.views.tables import table_of


def stage_outcomes(image: Document) -> dict[str, str]:
    """The result of each stage that has answered for an image, or the reason of its failure."""
    return {failure["stage"]: failure["reason"] for failure in image.get("failures", [])} | {
        result["stage"]: outcome(result) for result in image.get("results", [])
    }


def sent_table(sent: Sequence[Sent], stages: Sequence[str], *, waited: bool) -> Table:
    """The outcome for each file that was sent."""
    columns = [*stages, "ms"] if waited else ["partition", "offset"]
    table = table_of("file", "image", "state", *columns, right=frozenset({"ms", "partition", "offset"}))
    for one in sent:
        document = one.document or {}
        if waited:
            found = stage_outcomes(document)
            rest = [*(found.get(stage, "") for stage in stages), f"{one.seconds * 1000:.0f}"]
        else:
            rest = [str(document.get("partition", "")), str(document.get("offset", ""))]
        table.add_row(str(one.file), str(document.get("id", "")), one.state, *rest)
    return table


def results_table(results: Iterable[Document]) -> Table:
    """Results, as the service lists them."""
    table = table_of("analyzed", "image", "stage", "result")
    for result in results:
        table.add_row(*result_row(result))
    return table


def result_row(result: Document) -> tuple[str, str, str, str]:
    """Time, image, stage and result. Live events have no time, so it is the current one."""
    return (
        str(result.get("analyzedAt") or result.get("failedAt") or timestamp()),
        result["imageId"],
        result["stage"],
        outcome(result),
    )


def dead_letters_table(letters: Iterable[Document]) -> Table:
    """Dead letters. The first column is what the other commands take as DEAD-LETTER."""
    table = table_of(
        "dead letter", "failed", "image", "reason", "message", "attempts", "redriven", right=frozenset({"attempts"})
    )
    for letter in letters:
        table.add_row(
            reference(letter),
            str(letter.get("failedAt") or ""),
            letter["id"],
            letter["reason"],
            letter["message"],
            str(letter["attempts"]),
            str(letter.get("replayedAt") or ""),
        )
    return table


def dead_letter_lines(letter: Document) -> list[str]:
    """The details of one dead letter, one per line."""
    source: Any = letter.get("source") or {}
    lines = {
        "dead letter": reference(letter),
        "image": letter["id"],
        "stage": letter["stage"],
        "reason": letter["reason"],
        "message": letter["message"],
        "attempts": letter["attempts"],
        "failed": letter.get("failedAt"),
        "redriven": letter.get("replayedAt"),
        "generation": letter.get("generation"),
        "content": f"{letter.get('contentType') or 'unknown type'}, {letter['bytes']} bytes",
        "from": f"{source.get('topic')} partition {source.get('partition')} offset {source.get('offset')}"
        if source
        else None,
    }
    return [f"{name:<12} {value}" for name, value in lines.items() if value is not None]


def reference(letter: Document) -> str:
    """STAGE/PARTITION/OFFSET: a dead letter's stage and its position in the stage's dead letters topic."""
    return f"{letter['stage']}/{letter['partition']}/{letter['offset']}"
