"""Liveness and readiness."""

from typing import Literal

from darkroom_ingestion.http.documents.base import Document


class Check(Document):
    """The state of one dependency. A check that is not `required` does not affect readiness."""

    name: str
    ok: bool
    message: str
    required: bool = True


class Health(Document):
    """Liveness or readiness."""

    status: Literal["ok", "ready"]
    checks: list[Check]
