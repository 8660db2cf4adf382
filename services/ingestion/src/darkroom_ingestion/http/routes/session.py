"""/v1/session: who is signed in, signing in with a token, and signing out."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from darkroom.access.right import Right
from darkroom.errors import DarkroomError
from darkroom_ingestion.access.caller import ANONYMOUS, CALLER, Caller
from darkroom_ingestion.access.head import Head
from darkroom_ingestion.access.protocols import BadCredential, NoCredential
from darkroom_ingestion.access.session.cookies import SESSION, TooLargeForCookie, cleared_cookie, must_be_secure
from darkroom_ingestion.access.session.origin import sender_of
from darkroom_ingestion.http.context import Services
from darkroom_ingestion.http.documents.session import Credential, Session
from darkroom_ingestion.http.errors import problem_of
from darkroom_ingestion.http.problems import HttpProblem, invalid, not_found
from darkroom_ingestion.http.requests.json_bodies import JsonRoute
from darkroom_ingestion.http.routes.described import ServicesOf, json_answer, problems

router = APIRouter(tags=["session"], route_class=JsonRoute)

NOT_STORED: Final = {"Cache-Control": "no-store"}


@router.get("/v1/session", summary="Get the session", response_model=Session, responses=problems(401, 422, 503))
async def get_session(
    request: Request,
    services: ServicesOf,
    pipeline: Annotated[
        str | None,
        Query(
            pattern="^[^/]+/[^/]+$",
            max_length=320,
            description="Also list the caller's rights to this pipeline, `namespace/name`, which need not exist.",
            examples=["demo/digits"],
        ),
    ] = None,
) -> Any:
    """Who sends the request: with a session cookie, a token, or through a proxy.

    The problem document of a response 401 lists in `login` how people can sign in.
    """
    try:
        caller = await _caller(services, Head(request.scope))
    except (NoCredential, BadCredential) as error:
        problem = problem_of(error)
        access = services.access
        problem.extra |= {"login": _ways(services), "access": access.mode, "audience": access.audience}
        raise problem from None
    rights = None if pipeline is None else await _rights(services, caller, pipeline)
    return json_answer(_document(services, caller, rights), headers=NOT_STORED)


@router.post(
    "/v1/session",
    summary="Sign in with a token",
    status_code=201,
    response_model=Session,
    responses=problems(401, 403, 404, 408, 413, 422, 429, 503),
)
async def post_session(request: Request, services: ServicesOf, credential: Credential) -> Any:
    """Exchange a bearer token for a session cookie that pages can't read.

    The cookie holds the token, encrypted. Every request with it is checked like one with the token, and is accepted
    only from pages of the service.
    """
    sign_in = services.access.sign_in
    if sign_in is None:
        raise not_found("The service does not check its callers, so that there is nothing to sign in to.")
    require_own_page(request)
    head = Head(request.scope)
    with services.access.refused.trying(head.network, lambda: credential.token):
        caller = request.scope[CALLER] = await sign_in.tokens.caller_of(credential.token)
    try:
        cookie = sign_in.sessions.cookie_for_token(credential.token, head)
    except TooLargeForCookie as error:
        raise invalid(f"token: {error}") from None
    headers = {"Set-Cookie": cookie, "Location": "/v1/session", **NOT_STORED}
    return json_answer(_document(services, sign_in.sessions.begun_now(caller)), 201, headers)


@router.delete("/v1/session", summary="Sign out", status_code=204, responses=problems(403))
async def delete_session(request: Request, services: ServicesOf) -> Response:
    """Delete the session cookie. The token in it stays valid."""
    require_own_page(request)
    with suppress(DarkroomError):  # nobody, or somebody whose session has ended, may sign out too
        request.scope[CALLER] = await _caller(services, Head(request.scope))
    cookie = cleared_cookie(SESSION, secure=must_be_secure(Head(request.scope)))
    return Response(status_code=204, headers={"Set-Cookie": cookie, **NOT_STORED})


def require_own_page(request: Request) -> None:
    """Return if no page of another site has sent the request.

    Raises:
        HttpProblem: 403.
    """
    if sender_of(request.scope["headers"]) == "ForeignPage":
        raise HttpProblem(403, "foreign-page", "Request of another site", "Pages of other sites can't sign in or out.")


async def _caller(services: Services, head: Head) -> Caller:
    return await services.access.caller_of(head) if services.access.is_checked else ANONYMOUS


def _ways(services: Services) -> list[str]:
    sign_in = services.access.sign_in
    return [] if sign_in is None else list(sign_in.ways)


async def _rights(services: Services, caller: Caller, pipeline: str) -> list[Right]:
    namespace, _, name = pipeline.partition("/")
    return [right for right in Right if await services.access.authorizer.may(caller, right, namespace, name)]


def _document(services: Services, caller: Caller, rights: list[Right] | None = None) -> dict[str, Any]:
    expires_at = None if caller.expires_at is None else datetime.fromtimestamp(caller.expires_at, UTC)
    document = Session(
        name=caller.name,
        groups=list(caller.groups),
        method=caller.method,
        expires_at=expires_at,
        access=services.access.mode,
        login=_ways(services),
        rights=rights,
    )
    return document.model_dump(mode="json", by_alias=True)
