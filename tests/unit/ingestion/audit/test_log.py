"""Writing the audit log."""

import json
import os
from pathlib import Path

import pytest

from darkroom_ingestion.audit.destination import BadAuditLog
from darkroom_ingestion.audit.log import REFUSALS_PER_SECOND, AuditLog
from darkroom_ingestion.metrics import Metrics
from tests.support.until import until
from tests.unit.ingestion.audit.records import submitted


def value(metrics: Metrics, name: str) -> float:
    return metrics.registry.get_sample_value(f"darkroom_audit_{name}_total") or 0.0


def request_ids(path: Path) -> list[str]:
    return [json.loads(line)["request_id"] for line in path.read_text().splitlines()]


def test_records_are_written_in_order_and_at_the_latest_when_it_is_closed(tmp_path: Path) -> None:
    metrics, path = Metrics(), tmp_path / "audit.log"
    audit = AuditLog(path, metrics)
    expected = [f"r{number}" for number in range(2_000)]
    for request_id in expected:
        audit.add(submitted(request_id=request_id))
    audit.close()
    assert request_ids(path) == expected
    assert value(metrics, "lines") == len(expected)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_that_was_renamed_is_made_anew(tmp_path: Path) -> None:
    path, renamed = tmp_path / "audit.log", tmp_path / "audit.log.1"
    audit = AuditLog(path, Metrics())
    audit.add(submitted(request_id="before"))
    until(path.read_text, "the first line is written")
    path.rename(renamed)
    audit.add(submitted(request_id="after"))
    audit.close()
    assert (request_ids(renamed), request_ids(path)) == (["before"], ["after"])


def test_a_destination_that_takes_nothing_blocks_nobody_and_the_lost_events_are_counted(tmp_path: Path) -> None:
    metrics, path = Metrics(), tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    audit = AuditLog(path, metrics, most_queued=50)
    until(lambda: audit.add(submitted()) or value(metrics, "dropped") > 10, "events are dropped", every_s=0)
    os.close(reader)  # now writes fail
    audit.close()


def test_events_that_cannot_be_written_are_counted(tmp_path: Path) -> None:
    metrics = Metrics()
    audit = AuditLog(Path("/dev/full"), metrics)
    audit.add(submitted())
    audit.close()
    assert (value(metrics, "lines"), value(metrics, "dropped")) == (0, 1)


def test_refusals_of_one_caller_are_limited_and_those_of_others_are_not(tmp_path: Path) -> None:
    metrics, path = Metrics(), tmp_path / "audit.log"
    audit = AuditLog(path, metrics)
    for _ in range(10 * REFUSALS_PER_SECOND):
        audit.add(submitted(event="Refused", status=403))
    audit.add(submitted(event="Refused", caller="bob", status=403, request_id="of bob"))
    audit.add(submitted(request_id="of alice"))
    audit.close()
    assert request_ids(path)[-2:] == ["of bob", "of alice"]
    assert value(metrics, "suppressed") == pytest.approx(9 * REFUSALS_PER_SECOND, abs=REFUSALS_PER_SECOND)


def test_a_file_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadAuditLog, match=r"--audit-log .*none/audit.log can't be opened: No such file or directory"):
        AuditLog(tmp_path / "none/audit.log", Metrics())
