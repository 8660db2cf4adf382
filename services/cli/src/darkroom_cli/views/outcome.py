"""The answer of a stage in one line."""

from darkroom.result_fields import summary_of
from darkroom_cli.client.service import Document


def outcome(answer: Document) -> str:
    """The result or failure of a stage, in short."""
    if (reason := answer.get("reason")) is not None:
        return f"{reason}: {answer.get('message', '')}"
    return summary_of(answer)
