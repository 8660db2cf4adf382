"""What happened to an image, as a table."""

from collections.abc import Iterator
from typing import Any

from rich.table import Table

from darkroom_cli.client.service import Document
from darkroom_cli.views.tables import table_of

_MS_PER_S = 1_000
_DIGEST = 12


def heading(trace: Document) -> str:
    """The image, its state and its ordering key."""
    key = f", key {trace['key']}" if trace["key"] is not None else ""
    return f"{trace['id']}: {trace['state']}{key}"


def waiting(trace: Document) -> str:
    """The stages that have not answered."""
    return f"waiting for {', '.join(trace['waiting'])}"


def steps_table(trace: Document) -> Table:
    """The steps, in order of time."""
    table = table_of("time", "after", "step", "record", "details", right=frozenset({"after"}))
    for step in trace["steps"]:
        stage = step.get("stage")
        done = step["step"] if stage is None else f"{step['step']} by {stage}"
        if step["step"] == "Redriven":
            done = f"Redriven for {stage}"
        table.add_row(step["at"], _after(step["afterMs"]), done, _place(step.get("record")), "; ".join(_details(step)))
    return table


def _details(step: Document) -> Iterator[str]:
    if step["step"] == "Received":
        yield f"{step['contentType']}, {step['bytes']:,} bytes"
    if summary := step.get("summary"):
        yield summary
    if reason := step.get("reason"):
        yield f"{reason}: {step['message']}"
        yield f"attempt {step['attempts']}"
    if model := step.get("model"):
        yield f"model {model.get('name')} {str(model.get('sha256'))[:_DIGEST]}"
    if timings := step.get("timings"):
        parts = (("decode", "decodeMs"), ("preprocess", "preprocessMs"), ("inference", "inferenceMs"))
        yield ", ".join(f"{name} {timings[field]:.1f} ms" for name, field in parts if field in timings)
    if generation := step.get("generation"):
        yield f"replay {generation}"


def _place(record: dict[str, Any] | None) -> str:
    return "" if record is None else f"{record['topic']} {record['partition']}@{record['offset']}"


def _after(milliseconds: int | None) -> str:
    if milliseconds is None:
        return ""
    return f"{milliseconds} ms" if milliseconds < _MS_PER_S else f"{milliseconds / _MS_PER_S:,.1f} s"
