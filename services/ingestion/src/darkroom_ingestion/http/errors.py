"""Maps every error of the service to a problem document."""

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from darkroom.errors import DarkroomError
from darkroom.kafka.errors import KafkaUnreachable
from darkroom_ingestion.access.protocols import AccessUnavailable, BadCredential, Forbidden, NoCredential
from darkroom_ingestion.access.refused import TooManyRefused
from darkroom_ingestion.http.limit_problems import BEFORE_BODY, limit_reached, too_many_refused
from darkroom_ingestion.http.problems import (
    HttpProblem,
    answer,
    forbidden,
    gone,
    invalid,
    not_found,
    of_status,
    of_validation,
    unauthenticated,
    unavailable,
)
from darkroom_ingestion.images import errors
from darkroom_ingestion.images.redrives.selection import AmbiguousSelection
from darkroom_ingestion.limits.callers import LimitReached, TooManyHeld
from darkroom_ingestion.links.links import NotConnected
from darkroom_ingestion.store.database import StoreUnavailable
from darkroom_ingestion.thumbnails.decoder import NoThumbnail
from darkroom_ingestion.thumbnails.thumbnails import TooManyThumbnails

_WITHOUT_BODY = frozenset({"GET", "HEAD"})
_KAFKA = ("kafka-unavailable", "Kafka is not available")

log = structlog.get_logger("darkroom.ingestion.http")


def problem_of(error: Exception) -> HttpProblem:  # noqa: C901, PLR0912 - a table
    """The problem document of `error`."""
    detail = str(error)
    match error:
        case HttpProblem():
            return error
        case NoCredential() | BadCredential():
            return unauthenticated(detail, has_credential=isinstance(error, BadCredential))
        case Forbidden():
            return forbidden(detail)
        case AccessUnavailable():
            title = "Access can't be checked"
            return unavailable("access-unavailable", title, detail, retry_after_s=error.retry_after_s)
        case LimitReached():
            return limit_reached(error)
        case TooManyRefused():
            return too_many_refused(error)
        case TooManyHeld():
            problem = unavailable("busy", "The service is busy", detail, retry_after_s=error.retry_after_s)
            problem.unread_body = error.limit in BEFORE_BODY
            return problem
        case AmbiguousSelection():
            return invalid(detail)
        case NoThumbnail():
            return HttpProblem(415, "no-thumbnail", "No thumbnail", f"The file has no thumbnail: {detail}")
        case TooManyThumbnails():
            return unavailable("busy", "Too many thumbnails at once", detail, retry_after_s=1)
        case errors.TooManyWaiting():
            return unavailable("busy", "Too many images at once", detail)
        case errors.TooLargeForTopic():
            return HttpProblem(413, "too-large", "Body too large", detail)
        case errors.NotAcknowledged() | KafkaUnreachable():
            return unavailable(*_KAFKA, detail)
        case NotConnected():
            return unavailable(*_KAFKA, detail, retry_after_s=10)
        case errors.DeadLetterGone():
            return gone(detail)
        case errors.ImageNotFound():
            return not_found(detail)
        case errors.StoreBehind():
            return unavailable("store-behind", "The results store is behind", detail)
        case StoreUnavailable():
            return unavailable("store-unavailable", "The results store is not available", detail, retry_after_s=5)
        case errors.KeyReused():
            return invalid(detail)
        case errors.KeyInUse() | errors.RedriveInProgress():
            return HttpProblem(409, "under-way", "Request in progress", detail, headers={"Retry-After": "2"})
        case _:
            log.error("request failed", exc_info=error)
            return HttpProblem(
                500, "internal-error", "Internal error", "An error of the service; its log has the details. Try again."
            )


async def refuse(error: DarkroomError, scope: Scope, receive: Receive, send: Send) -> None:
    """Respond to a request with an error that came before its body was read."""
    problem = problem_of(error)
    problem.unread_body = scope["method"] not in _WITHOUT_BODY
    await answer(problem, scope["path"])(scope, receive, send)


def install(app: FastAPI) -> None:
    """Make `app` respond to every error with a problem document."""

    async def ours(request: Request, error: Exception) -> Response:
        return answer(problem_of(error), request.url.path)

    async def frameworks(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - what it is registered for
        problem = of_status(error.status_code, request)
        problem.headers |= error.headers or {}
        return answer(problem, request.url.path)

    async def validation(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - what it is registered for
        return answer(of_validation(error), request.url.path)

    app.add_exception_handler(DarkroomError, ours)
    app.add_exception_handler(HTTPException, frameworks)
    app.add_exception_handler(RequestValidationError, validation)
    app.add_exception_handler(Exception, ours)
