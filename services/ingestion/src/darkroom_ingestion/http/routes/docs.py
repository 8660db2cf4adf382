"""GET /docs: the API documentation. GET /asyncapi.json: that of the topics."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from darkroom.asyncapi.document import asyncapi_document
from darkroom_ingestion.http.docs_page import CONTENT_SECURITY_POLICY, STYLE, STYLE_PATH, docs_page
from darkroom_ingestion.http.routes.described import CallerOf, ServicesOf, problems

router = APIRouter()


@router.get("/asyncapi.json", summary="Get the AsyncAPI document", responses=problems(401), tags=["pipelines"])
async def get_asyncapi(services: ServicesOf, caller: CallerOf) -> dict[str, Any]:
    """AsyncAPI 3.0: the topics, records and consumer groups of all pipelines that are served.

    If the service checks its callers, of those that the caller may read.
    """
    pipelines = services.links.pipelines
    readable = await services.access.readable(caller, pipelines)
    return asyncapi_document(served.plan for key, served in pipelines.items() if key in readable)


@router.get("/docs", include_in_schema=False)
async def get_docs(request: Request) -> Response:
    """The documentation page."""
    headers = {"Content-Security-Policy": CONTENT_SECURITY_POLICY, "X-Frame-Options": "DENY"}
    return HTMLResponse(docs_page(request.app.openapi()), headers=headers)


@router.get(STYLE_PATH, include_in_schema=False)
async def get_style() -> Response:
    """The page's style sheet."""
    return Response(STYLE, media_type="text/css")
