"""What happened to an image, as a table."""

from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from darkroom_cli.client.service import Document
from darkroom_cli.views.tables import table_of

_MS_PER_S = 1_000
_DIGEST = 12


def heading(trace: Document) -> str:
    """The image, its state, when it was received, and its ordering key."""
    received = next((f", received {step['at']}" for step in trace["steps"] if step["step"] == "Received"), "")
    key = f", key {trace['key']}" if trace["key"] is not None else ""
    return f"{trace['id']}: {trace['state']}{received}{key}"


def waiting(trace: Document) -> str:
    """The stages that have not answered."""
    return f"waiting for {', '.join(trace['waiting'])}"


def steps_table(trace: Document) -> Table:
    """The steps, in order of time. Their times are relative to the first, if it is known when that was."""
    table = table_of("after", "step", "details", right=frozenset({"after"}))
    for step in trace["steps"]:
        stage = step.get("stage")
        done = step["step"] if stage is None else f"{step['step']} by {stage}"
        if step["step"] == "Redriven":
            done = f"Redriven for {stage}"
        after = step["at"] if step["afterMs"] is None else _after(step["afterMs"])
        table.add_row(after, done, Text("\n".join(_details(step))))
    return table


def _details(step: Document) -> Iterator[str]:
    if step["step"] == "Received":
        yield f"{step['contentType']}, {step['bytes']:,} bytes"
    if summary := step.get("summary"):
        yield summary
    if reason := step.get("reason"):
        yield f"{reason}: {step['message']}" + ("" if step["attempts"] == 1 else f" ({step['attempts']} attempts)")
    if model := step.get("model"):
        yield f"model {model.get('name')} {str(model.get('sha256'))[:_DIGEST]}"
    if timings := step.get("timings"):
        parts = (("decode", "decodeMs"), ("preprocess", "preprocessMs"), ("inference", "inferenceMs"))
        yield ", ".join(f"{name} {timings[field]:.1f} ms" for name, field in parts if field in timings)
    if worker := step.get("worker"):
        yield f"worker {worker.get('name')}, process {worker.get('process')}"
    if generation := step.get("generation"):
        yield f"replay {generation}"
    if record := step.get("record"):
        yield f"{record['topic']} {record['partition']}@{record['offset']}"


def _after(milliseconds: int) -> str:
    return f"{milliseconds} ms" if milliseconds < _MS_PER_S else f"{milliseconds / _MS_PER_S:,.1f} s"
