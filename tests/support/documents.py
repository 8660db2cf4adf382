"""The commands in the documents.

A fenced block marked `sh` is run in a copy of the files that it needs, one marked `sh checkout` in the checkout.
tests/e2e runs `sh cluster`, `sh cluster upgrade` and `sh cluster end`. Other blocks are not run. A block that starts
with `darkroom up` or `darkroom kafka start` runs in the background, like in a second terminal, until the document ends.
"""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_BACKGROUND = ("darkroom up", "darkroom kafka start")


@dataclass(frozen=True)
class Block:
    """A block of commands in a document."""

    line: int
    commands: str

    @property
    def in_background(self) -> bool:
        """Whether the block runs in the background."""
        return self.commands.startswith(_BACKGROUND)


def documents() -> list[Path]:
    """All documents of the project, relative to its root."""
    return sorted(path.relative_to(ROOT) for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def blocks(document: Path, mark: str) -> list[Block]:
    """The blocks of `document` whose info string is `mark`, in order."""
    text = (ROOT / document).read_text(encoding="utf-8")
    return [
        Block(text.count("\n", 0, match.start()) + 1, match["body"])
        for match in _FENCE.finditer(text)
        if match["info"].strip() == mark
    ]
