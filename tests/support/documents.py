"""The commands in the documents, as a reader would run them.

A fenced block marked `sh` is run as it stands, in a copy of what it needs, and one marked `sh checkout` in the checkout
itself; `sh cluster` belongs to tests/e2e, which has a cluster, and runs `sh cluster upgrade` and `sh cluster end` when
their time has come; anything else is only read. A block that starts with `darkroom up` or `darkroom kafka start` goes
on in the background, as in the reader's second terminal, until the document ends.
"""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_BACKGROUND = ("darkroom up", "darkroom kafka start")


@dataclass(frozen=True)
class Block:
    """One block of commands of a document."""

    line: int
    commands: str

    @property
    def in_background(self) -> bool:
        """Whether it goes on while the reader reads on."""
        return self.commands.startswith(_BACKGROUND)


def documents() -> list[Path]:
    """Every document of the project, relative to its root."""
    return sorted(path.relative_to(ROOT) for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def blocks(document: Path, mark: str) -> list[Block]:
    """The blocks of `document` whose info string is `mark`, in order."""
    text = (ROOT / document).read_text(encoding="utf-8")
    return [
        Block(text.count("\n", 0, match.start()) + 1, match["body"])
        for match in _FENCE.finditer(text)
        if match["info"].strip() == mark
    ]
