"""What the audit log says about a request."""

import time
from collections.abc import Mapping
from typing import Final

from starlette.types import Scope

from darkroom_ingestion.access.caller import caller_of
from darkroom_ingestion.audit.actions import asked, event_of
from darkroom_ingestion.audit.log import AuditLog
from darkroom_ingestion.audit.record import AuditRecord
from darkroom_ingestion.http.requests.callers import address_of

_DETAILS: Final = "darkroom.audit_details"
"""Key in the ASGI scope: what routes have told about the request."""


def tell_audit(scope: Scope, **details: str | int) -> None:
    """Add details to the request's line in the audit log, such as `image` or `count`."""
    scope.setdefault(_DETAILS, {}).update(details)


def audit_request(audit: AuditLog, scope: Scope, status: int, ids: Mapping[str, str]) -> None:
    """Add a request that was answered, if it is of those that the audit log has. `ids` are those of its log lines."""
    method, path = scope["method"], scope["path"]
    wanted = asked(method, path)
    if wanted is None or (event := event_of(wanted.action, status)) is None:
        return
    caller = caller_of(scope)
    image = {"image": ids["image_id"]} if "image_id" in ids else {}
    audit.add(
        AuditRecord(
            at_s=time.time(),
            event=event,
            action=wanted.action,
            caller=caller.name,
            method=caller.method,
            address=address_of(scope),
            pipeline=wanted.pipeline,
            details={**wanted.details, **image, **scope.get(_DETAILS, {})},
            status=status,
            request_id=ids["request_id"],
            request=f"{method} {path}",
        )
    )
