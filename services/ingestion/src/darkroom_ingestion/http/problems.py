"""Problem documents (RFC 9457), the format of every error."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from darkroom.errors import DarkroomError
from darkroom_ingestion.http.responses.closing import ClosingResponse

MEDIA_TYPE: Final = "application/problem+json"
_TYPES: Final = "https://darkroom.dev/problems/"
_INVALID: Final = "invalid-request"


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="Type of the problem, a stable URI.")
    title: str = Field(description="Summary of the type.")
    status: int = Field(description="HTTP status.")
    detail: str = Field(description="What is wrong, and what to do.")
    instance: str | None = Field(None, description="The resource that the problem is about.")


class HttpProblem(DarkroomError):
    """An error to report to the client.

    Attributes:
        kind: last part of the problem's type.
        headers: headers of the response, such as Retry-After.
        extra: additional members of the document.
        unread_body: whether the request's body was not read to its end.
    """

    def __init__(
        self,
        status: int,
        kind: str,
        title: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
        unread_body: bool = False,
    ) -> None:
        super().__init__(detail)
        self.status, self.kind, self.title, self.detail = status, kind, title, detail
        self.headers = dict(headers or {})
        self.extra = dict(extra or {})
        self.unread_body = unread_body

    def document(self, instance: str | None = None) -> dict[str, Any]:
        """The problem document."""
        document = {"type": _TYPES + self.kind, "title": self.title, "status": self.status, "detail": self.detail}
        return document | ({"instance": instance} if instance else {}) | self.extra


def unauthenticated(detail: str, *, has_credential: bool) -> HttpProblem:
    """401 (RFC 6750, section 3)."""
    challenge = 'Bearer realm="darkroom"' + (', error="invalid_token"' if has_credential else "")
    return HttpProblem(401, "unauthenticated", "Not signed in", detail, headers={"WWW-Authenticate": challenge})


def forbidden(detail: str) -> HttpProblem:
    """403: the caller has not the right that the request needs."""
    return HttpProblem(403, "forbidden", "Not allowed", detail)


def not_found(what: str) -> HttpProblem:
    """404."""
    return HttpProblem(404, "not-found", "Not found", what)


def gone(what: str) -> HttpProblem:
    """410: retention has removed the resource."""
    return HttpProblem(410, "gone", "No longer kept", what)


def invalid(detail: str, extra: Mapping[str, Any] | None = None) -> HttpProblem:
    """422: an invalid parameter or body."""
    return HttpProblem(422, _INVALID, "Invalid request", detail, extra=extra)


def unavailable(kind: str, title: str, detail: str, retry_after_s: int = 2) -> HttpProblem:
    """503: a dependency is slow or unavailable; a retry is safe."""
    return HttpProblem(503, kind, title, detail, headers={"Retry-After": str(retry_after_s)})


def answer(problem: HttpProblem, instance: str | None) -> Response:
    """The response with the document of `problem`."""
    content = json.dumps(problem.document(instance), ensure_ascii=False).encode()
    kind = ClosingResponse if problem.unread_body else Response
    return kind(content, problem.status, problem.headers, MEDIA_TYPE)


def of_status(status: int, request: Request) -> HttpProblem:
    """The problem for an error of the framework, such as a path without a route."""
    title = HTTPStatus(status).phrase
    match status:
        case 404:
            return not_found(f"There is no resource {request.url.path}: /docs lists the API.")
        case 405:
            return HttpProblem(405, "method-not-allowed", title, f"{request.method} is not allowed on this resource.")
        case _:
            return HttpProblem(status, title.lower().replace(" ", "-"), title, title)


def of_validation(error: RequestValidationError) -> HttpProblem:
    """The problem for invalid parameters."""
    errors = [
        {"path": ".".join(str(part) for part in detail["loc"]), "message": detail["msg"]} for detail in error.errors()
    ]
    return invalid("; ".join(f"{e['path']}: {e['message']}" for e in errors), {"errors": errors})
