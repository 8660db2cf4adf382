"""RFC 9457 problem documents: the one form of every error."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from darkroom.errors import DarkroomError
from darkroom_ingestion.http.closing import ClosingResponse

MEDIA_TYPE: Final = "application/problem+json"
_TYPES: Final = "https://darkroom.dev/problems/"
_INVALID: Final = "invalid-request"

log = structlog.get_logger("darkroom.ingestion.http")


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="The kind of problem, as a URI that stays the same.")
    title: str = Field(description="The kind of problem in a few words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What is wrong this time, and what to do.")
    instance: str | None = Field(None, description="What the problem is about.")


class HttpProblem(DarkroomError):
    """An error that the caller is told of.

    Attributes:
        kind: last part of the problem's type.
        headers: of the answer, such as Retry-After.
        extra: further members of the document.
        unread_body: the request's body was not read to its end.
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


def not_found(what: str) -> HttpProblem:
    """404: there is no such thing."""
    return HttpProblem(404, "not-found", "Not found", what)


def gone(what: str) -> HttpProblem:
    """410: it was there once."""
    return HttpProblem(410, "gone", "No longer kept", what)


def invalid(detail: str, extra: Mapping[str, Any] | None = None) -> HttpProblem:
    """422: a parameter or body that can't be understood."""
    return HttpProblem(422, _INVALID, "Invalid request", detail, extra=extra)


def unavailable(kind: str, title: str, detail: str, retry_after_s: int = 2) -> HttpProblem:
    """503: something that is needed is slow or away; trying again later is safe."""
    return HttpProblem(503, kind, title, detail, headers={"Retry-After": str(retry_after_s)})


def store_unavailable(reason: str) -> HttpProblem:
    """503: the results store can't do what this request needs."""
    return unavailable("store-unavailable", "The results store is not available", reason, retry_after_s=5)


def answer(problem: HttpProblem, instance: str | None) -> Response:
    """The response that tells of `problem`."""
    content = json.dumps(problem.document(instance), ensure_ascii=False).encode()
    kind = ClosingResponse if problem.unread_body else Response
    return kind(content, problem.status, problem.headers, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Make `app` answer every error with a problem document."""

    async def ours(request: Request, error: Exception) -> Response:
        assert isinstance(error, HttpProblem)  # noqa: S101 - what it is registered for
        return answer(error, request.url.path)

    async def frameworks(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - what it is registered for
        problem = _of_status(error.status_code, request)
        problem.headers |= error.headers or {}
        return answer(problem, request.url.path)

    async def validation(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - what it is registered for
        return answer(_of_validation(error), request.url.path)

    async def unexpected(request: Request, error: Exception) -> Response:
        log.error("request failed", path=request.url.path, exc_info=error)
        detail = "An error on our side. It is in the service's log; trying again may help."
        return answer(HttpProblem(500, "internal-error", "Internal error", detail), request.url.path)

    app.add_exception_handler(HttpProblem, ours)
    app.add_exception_handler(HTTPException, frameworks)
    app.add_exception_handler(RequestValidationError, validation)
    app.add_exception_handler(Exception, unexpected)


def _of_status(status: int, request: Request) -> HttpProblem:
    title = HTTPStatus(status).phrase
    match status:
        case 404:
            return not_found(f"There is nothing at {request.url.path}: /docs lists what there is.")
        case 405:
            return HttpProblem(405, "method-not-allowed", title, f"{request.method} can't be used here.")
        case _:
            return HttpProblem(status, title.lower().replace(" ", "-"), title, title)


def _of_validation(error: RequestValidationError) -> HttpProblem:
    errors = [
        {"path": ".".join(str(part) for part in detail["loc"]), "message": detail["msg"]} for detail in error.errors()
    ]
    return invalid("; ".join(f"{e['path']}: {e['message']}" for e in errors), {"errors": errors})
