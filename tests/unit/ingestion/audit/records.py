"""Records of the audit log, for tests."""

from typing import Any

from darkroom_ingestion.audit.record import AuditRecord

_SUBMITTED = AuditRecord(
    at_s=1_795_694_400.25,
    event="Submit",
    action="Submit",
    caller="alice",
    method="TokenFile",
    address="192.0.2.7",
    pipeline="demo/digits",
    details={},
    status=202,
    request_id="r1",
)


def submitted(**values: Any) -> AuditRecord:
    """The record of an accepted image, with these values."""
    return _SUBMITTED._replace(**values)
