"""The processes of a worker that have ended, from its log. The worker itself goes on running."""

import re
from pathlib import Path
from typing import Final

from darkroom.processes.log_lines import PROCESS_ENDED

_ENDED: Final = re.compile(rb"%b.*\bcode=(-?\d+)" % re.escape(PROCESS_ENDED.encode()))


class ProcessEnds:
    """Reads what is appended to the log of a worker."""

    def __init__(self, log: Path) -> None:
        """The log need not exist yet."""
        self._log = log
        self._position = 0

    def read(self) -> list[int]:
        """The exit codes of the processes that have ended since the last call."""
        try:
            if self._log.stat().st_size == self._position:
                return []
            with self._log.open("rb") as file:
                file.seek(self._position)
                text = file.read()
        except FileNotFoundError:
            return []
        complete = text[: text.rfind(b"\n") + 1]
        self._position += len(complete)
        return [int(code) for code in _ENDED.findall(complete)]
