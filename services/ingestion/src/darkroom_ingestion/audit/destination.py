"""Where the audit log is written: a file or the standard output."""

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from darkroom.errors import DarkroomError
from darkroom_ingestion.settings import STANDARD_OUTPUT

_STDOUT: Final = 1


class BadAuditLog(DarkroomError):
    """The audit log can't be written."""


class AuditFile:
    """A file, readable by its owner only, or STANDARD_OUTPUT. If the file is renamed, as by logrotate, it is made anew.

    Several processes may write to it: their lines do not mix.

    Raises:
        BadAuditLog: the file can't be opened.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._descriptor = self._open()
        except OSError as error:
            raise BadAuditLog(f"--audit-log {path} can't be opened: {error.strerror}") from None

    def write(self, lines: Sequence[bytes]) -> None:
        """Append lines.

        Raises:
            OSError: they can't be written.
        """
        if self._path == STANDARD_OUTPUT:
            for line in lines:  # a pipe takes a short line at once
                _write_all(self._descriptor, line)
            return
        if not self._is_current():
            renamed, self._descriptor = self._descriptor, self._open()
            os.close(renamed)
        _write_all(self._descriptor, b"".join(lines))

    def close(self) -> None:
        """Close the file."""
        if self._path != STANDARD_OUTPUT:
            os.close(self._descriptor)

    def _open(self) -> int:
        if self._path == STANDARD_OUTPUT:
            return _STDOUT
        return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def _is_current(self) -> bool:
        with contextlib.suppress(OSError):
            return os.path.samestat(self._path.stat(), os.fstat(self._descriptor))
        return False


def _write_all(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]
