"""The audit log: takes records on the event loop, and writes them in a thread."""

import queue
import threading
from pathlib import Path
from typing import Final

import structlog

from darkroom_ingestion.audit.destination import AuditFile
from darkroom_ingestion.audit.record import AuditRecord
from darkroom_ingestion.limits.callers import CallerLimits, LimitReached
from darkroom_ingestion.limits.settings import LimitSettings
from darkroom_ingestion.metrics import Metrics

MOST_QUEUED: Final = 10_000
REFUSALS_PER_SECOND: Final = 10
_AT_ONCE: Final = 500
_CLOSE_S: Final = 2.0

log = structlog.get_logger("darkroom.ingestion.audit")


class AuditLog:
    """Writes a line for every record. If the destination is slower than the service, records are dropped and counted.

    Of the refusals of one caller or address, `REFUSALS_PER_SECOND` are written. The others are counted.

    Args:
        path: the file, or `-` for the standard output.

    Raises:
        BadAuditLog: the file can't be opened.
    """

    def __init__(self, path: Path, metrics: Metrics, *, most_queued: int = MOST_QUEUED) -> None:
        self._file, self._metrics, self._most_queued = AuditFile(path), metrics, most_queued
        self._queue: queue.SimpleQueue[AuditRecord | None] = queue.SimpleQueue()
        self._refusals = CallerLimits(LimitSettings(requests=REFUSALS_PER_SECOND), lambda _: None)
        self._failing = False
        self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
        self._thread.start()

    def add(self, record: AuditRecord) -> None:
        """Write a record soon. Does not wait."""
        if record.event == "Refused":
            try:
                self._refusals.count_request(f"{record.method}:{record.caller}@{record.address}")
            except LimitReached:
                self._metrics.audit_suppressed.inc()
                return
        if self._queue.qsize() >= self._most_queued:
            self._metrics.audit_dropped.inc()
            return
        self._queue.put(record)

    def close(self) -> None:
        """Write what is queued, for at most two seconds."""
        self._queue.put(None)
        self._thread.join(_CLOSE_S)

    def _run(self) -> None:
        while (record := self._queue.get()) is not None:
            records, ended = self._with_more(record)
            self._write(records)
            if ended:
                break
        self._file.close()

    def _with_more(self, record: AuditRecord) -> tuple[list[AuditRecord], bool]:
        records = [record]
        while len(records) < _AT_ONCE and not self._queue.empty():
            if (more := self._queue.get()) is None:
                return records, True
            records.append(more)
        return records, False

    def _write(self, records: list[AuditRecord]) -> None:
        try:
            self._file.write([record.line().encode() for record in records])
        except OSError as error:
            self._metrics.audit_dropped.inc(len(records))
            if not self._failing:
                log.error("the audit log can't be written", reason=error.strerror)  # noqa: TRY400 - the reason is enough
            self._failing = True
        else:
            self._metrics.audit_lines.inc(len(records))
            self._failing = False
