"""GET /docs: the API documentation."""

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from darkroom_ingestion.http.docs_page import CONTENT_SECURITY_POLICY, STYLE, STYLE_PATH, docs_page

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def get_docs(request: Request) -> Response:
    """The documentation page."""
    headers = {"Content-Security-Policy": CONTENT_SECURITY_POLICY, "X-Frame-Options": "DENY"}
    return HTMLResponse(docs_page(request.app.openapi()), headers=headers)


@router.get(STYLE_PATH)
async def get_style() -> Response:
    """The page's style sheet."""
    return Response(STYLE, media_type="text/css")
