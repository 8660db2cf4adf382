"""Analyses files like a worker, without Kafka."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from darkroom_cli.client.service import Document
from darkroom_cli.models.settings import Prepared
from darkroom_vision.analyse import Analyser, Analysis


@dataclass(frozen=True)
class Analysed:
    """The outcome for one file.

    Attributes:
        content: the bytes of the file.
        document: the fields of an analyzed event, or `reason` and `message` of a failure.
    """

    file: Path
    content: bytes
    document: Document

    @property
    def failed(self) -> bool:
        """Whether there is no result."""
        return "reason" in self.document


def analyse_files(found: Prepared, files: Sequence[Path]) -> Iterator[Analysed]:
    """Analyse `files`. Yields their outcomes, in order."""
    analyser = Analyser(found.loaded)
    for file in files:
        document: Document = {"file": str(file)}
        try:
            content = file.read_bytes()
        except OSError as error:
            yield Analysed(file, b"", document | {"reason": "Unreadable", "message": error.strerror or str(error)})
            continue
        answer = analyser.analyse(content)
        if isinstance(answer, Analysis):
            document["outputType"] = found.stage.output.type
            document["image"] = answer.image.model_dump(by_alias=True)
            document |= answer.result
            document["timings"] = answer.timings.in_event().model_dump(by_alias=True)
        else:
            document |= {"reason": answer.reason, "message": answer.message}
        yield Analysed(file, content, document)
