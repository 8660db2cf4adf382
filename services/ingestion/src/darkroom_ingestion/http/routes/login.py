"""/v1/session/login: signing in at an OpenID Connect provider. Browsers go here, not programs."""

import html
from typing import TYPE_CHECKING, Annotated, Final

import structlog
from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from darkroom_ingestion.access.caller import CALLER
from darkroom_ingestion.access.head import Head
from darkroom_ingestion.access.oidc.errors import BadIdToken, IssuerUnavailable, LoginFailed
from darkroom_ingestion.access.session.cookies import (
    LOGIN,
    TooLargeForCookie,
    cleared_cookie,
    must_be_secure,
    read_cookie,
    set_cookie,
)
from darkroom_ingestion.http.context import Services
from darkroom_ingestion.http.problems import not_found
from darkroom_ingestion.http.routes.described import ServicesOf, problems
from darkroom_ingestion.http.routes.session import NOT_STORED

if TYPE_CHECKING:
    from darkroom_ingestion.access.oidc.login import OidcLogin
    from darkroom_ingestion.access.session.sign_in import SignIn

_CALLBACK: Final = "/v1/session/callback"
_FAILED: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>Not signed in · Darkroom</title>
</head>
<body>
<main>
<h1>Not signed in</h1>
<p>{reason}</p>
<p><a href="/">Back to the sign-in page</a></p>
</main>
</body>
</html>
"""
_PAGE_HEADERS: Final = NOT_STORED | {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}

router = APIRouter(tags=["session"])
log = structlog.get_logger("darkroom.ingestion.access")


@router.get(
    "/v1/session/login",
    summary="Sign in at the OpenID Connect provider",
    status_code=303,
    response_class=RedirectResponse,
    responses=problems(404, 422, 503),
)
async def get_login(
    request: Request,
    services: ServicesOf,
    page: Annotated[
        str,
        Query(alias="return", max_length=4_096, description="The page of the console to return to.", examples=["/"]),
    ] = "/",
) -> Response:
    """Redirect the browser to the provider, with the authorization code flow and PKCE."""
    _, oidc = _provider(services)
    address, kept = await oidc.begin(page, _redirect_uri(request))
    cookie = set_cookie(LOGIN, kept, oidc.seconds, secure=must_be_secure(Head(request.scope)), same_site="Lax")
    return RedirectResponse(address, 303, NOT_STORED | {"Set-Cookie": cookie})


@router.get("/v1/session/callback", include_in_schema=False)
async def get_callback(request: Request, services: ServicesOf) -> Response:
    """The provider sends the browser here: begin the session, and return to the page."""
    sign_in, oidc = _provider(services)
    head = Head(request.scope)
    kept = read_cookie(request.scope["headers"], LOGIN, secure=must_be_secure(head))
    try:
        user, page = await oidc.complete(kept, request.query_params, _redirect_uri(request))
        request.scope[CALLER] = user
        session = sign_in.sessions.cookie_for_user(user, head)
    except (LoginFailed, BadIdToken, IssuerUnavailable, TooLargeForCookie) as error:
        log.warning("login failed", reason=str(error))
        status = 503 if isinstance(error, IssuerUnavailable) else 403
        answer: Response = HTMLResponse(_FAILED.format(reason=html.escape(str(error))), status, _PAGE_HEADERS)
    else:
        answer = RedirectResponse(page, 303, NOT_STORED)
        answer.headers.append("Set-Cookie", session)
    answer.headers.append("Set-Cookie", cleared_cookie(LOGIN, secure=must_be_secure(head)))
    return answer


def _provider(services: Services) -> "tuple[SignIn, OidcLogin]":
    sign_in = services.access.sign_in
    if sign_in is None or sign_in.oidc is None:
        raise not_found("The service has no OpenID Connect client: see --oidc-client-id.")
    return sign_in, sign_in.oidc


def _redirect_uri(request: Request) -> str:
    """The address of the callback. A proxy may have ended TLS, so it is https wherever cookies must be secure."""
    head = Head(request.scope)
    return f"{'https' if must_be_secure(head) else 'http'}://{head.header(b'host')}{_CALLBACK}"
