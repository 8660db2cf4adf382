"""GET /, /p/… and /assets/…: the web console."""

import re
from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import HTMLResponse, Response

from darkroom_ingestion.http.console_files import INDEX, ConsoleFile, ConsoleFiles
from darkroom_ingestion.http.problems import not_found

router = APIRouter(include_in_schema=False)

_COMMON = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Vary": "Accept-Encoding",
}
_OF_PAGES = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "media-src 'self' blob:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    # The console sends pictures of the camera if its user asks for that.
    "Permissions-Policy": "camera=(self), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "X-Frame-Options": "DENY",
}
_OF_ASSETS = {
    # A worker has the policy of its script, not that of the page.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; connect-src 'self'",
}
_HASHED = re.compile(r"-[A-Za-z0-9_-]{8,}\.[a-z0-9]+$")
"""The end of a file's name with a hash of its content, as Vite writes it."""
_NOT_BUILT = """\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Darkroom</title><link rel="icon" href="data:,"></head>
<body>
<h1>The web console is not built</h1>
<p>This service runs from a checkout without it. Run <code>make console</code> there, and reload this page.</p>
<p>The API works without the console: read <a href="/docs">its documentation</a>.</p>
</body>
</html>
"""


async def _files_of(request: Request) -> ConsoleFiles:
    files: ConsoleFiles = request.app.state.console
    return files


Files = Annotated[ConsoleFiles, Depends(_files_of)]


@router.get("/")
@router.get("/p/{_:path}")
async def get_page(request: Request, files: Files) -> Response:
    """The page of the console, which shows the screen that the path names."""
    page = files.find(INDEX)
    if page is None:
        headers = _COMMON | _OF_PAGES | {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}
        return HTMLResponse(_NOT_BUILT, 404, headers)
    return _response(request, page, _OF_PAGES)


@router.get("/assets/{name:path}")
async def get_asset(request: Request, files: Files, name: str) -> Response:
    """A script, style sheet or picture of the console."""
    file = files.find(f"assets/{name}")
    if file is None:
        raise not_found(f"The console has no file {name!r:.120}. If it was built again, reload the page.")
    caching = "public, max-age=31536000, immutable" if _HASHED.search(name) else "no-cache"
    return _response(request, file, _OF_ASSETS | {"Cache-Control": caching})


def _response(request: Request, file: ConsoleFile, headers: Mapping[str, str]) -> Response:
    headers = {"Content-Type": file.media_type, "ETag": file.etag, **_COMMON, **headers}
    tags = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    if file.etag in tags or "*" in tags:
        return Response(status_code=304, headers=headers)
    if file.gzipped is not None and _accepts_gzip(request.headers.get("accept-encoding", "")):
        return Response(file.gzipped, headers=headers | {"Content-Encoding": "gzip"})
    return Response(file.content, headers=headers)


def _accepts_gzip(accept_encoding: str) -> bool:
    """Whether `gzip` is among the codings, and not excluded by the weight 0 (RFC 9110, section 12.5.3)."""
    for coding in accept_encoding.lower().split(","):
        name, _, weight = coding.partition(";")
        if name.strip() == "gzip":
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False
