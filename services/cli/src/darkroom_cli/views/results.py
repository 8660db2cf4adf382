"""Results, images and dead letters as rows of a table."""

from collections.abc import Iterable, Sequence
from typing import Any

from rich.table import Table

from darkroom.cloudevents import timestamp
from darkroom_cli.client.service import Document
from darkroom_cli.client.submission import Sent


def outcome(result: Document) -> str:
    """What a stage found, or why it failed, in a few words."""
    if (reason := result.get("reason")) is not None:
        return f"{reason}: {result.get('message', '')}"
    if (predictions := result.get("predictions")) is not None:
        return (
            f"{predictions[0]['label']} {predictions[0]['score']:.3f}" if predictions else "nothing above the threshold"
        )
    if (embedding := result.get("embedding")) is not None:
        return f"embedding of {len(embedding)}"
    if (tensor := result.get("tensor")) is not None:
        return f"{tensor['name']} {tensor['dtype']} {'x'.join(map(str, tensor['shape']))}"
    return "an output that this version does not know"


def stage_outcomes(image: Document) -> dict[str, str]:
    """What every stage that has answered found in an image, or why it failed."""
    return {failure["stage"]: failure["reason"] for failure in image.get("failures", [])} | {
        result["stage"]: outcome(result) for result in image.get("results", [])
    }


def sent_table(sent: Sequence[Sent], stages: Sequence[str], *, waited: bool) -> Table:
    """What became of the files that were sent."""
    columns = [*stages, "ms"] if waited else ["partition", "offset"]
    table = _table("file", "image", "state", *columns, right={"ms", "partition", "offset"})
    for each in sent:
        document = each.document or {}
        if waited:
            found = stage_outcomes(document)
            rest = [*(found.get(stage, "") for stage in stages), f"{each.seconds * 1000:.0f}"]
        else:
            rest = [str(document.get("partition", "")), str(document.get("offset", ""))]
        table.add_row(str(each.file), str(document.get("id", "")), each.state, *rest)
    return table


def results_table(results: Iterable[Document]) -> Table:
    """Results, as the service lists them."""
    table = _table("analyzed", "image", "stage", "result")
    for result in results:
        table.add_row(*result_row(result))
    return table


def result_row(result: Document) -> tuple[str, str, str, str]:
    """When, which image, which stage, what. In the live feed, when is now."""
    return (
        str(result.get("analyzedAt") or result.get("failedAt") or timestamp()),
        result["imageId"],
        result["stage"],
        outcome(result),
    )


def dead_letters_table(letters: Iterable[Document]) -> Table:
    """Dead letters. The first column is what the other commands know one by."""
    table = _table("dead letter", "failed", "image", "reason", "message", "attempts", "replayed", right={"attempts"})
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
    """One dead letter, a line for everything known about it."""
    source: Any = letter.get("source") or {}
    lines = {
        "dead letter": reference(letter),
        "image": letter["id"],
        "stage": letter["stage"],
        "reason": letter["reason"],
        "message": letter["message"],
        "attempts": letter["attempts"],
        "failed": letter.get("failedAt"),
        "replayed": letter.get("replayedAt"),
        "generation": letter.get("generation"),
        "content": f"{letter.get('contentType') or 'unknown type'}, {letter['bytes']} bytes",
        "from": f"{source.get('topic')} partition {source.get('partition')} offset {source.get('offset')}"
        if source
        else None,
    }
    return [f"{name:<12} {value}" for name, value in lines.items() if value is not None]


def reference(letter: Document) -> str:
    """What a dead letter is known by: its stage, and its place in the stage's dead letters topic."""
    return f"{letter['stage']}/{letter['partition']}/{letter['offset']}"


def _table(*columns: str, right: set[str] | None = None) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column in (right or set()) else "left", overflow="fold")
    return table
