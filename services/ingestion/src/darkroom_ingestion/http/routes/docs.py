"""GET /docs: the API documentation. GET /asyncapi.json: that of the topics."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from darkroom.asyncapi.document import asyncapi_document
from darkroom_ingestion.http.docs_page import CONTENT_SECURITY_POLICY, STYLE, STYLE_PATH, docs_page
from darkroom_ingestion.http.routes.described import ServicesOf, problems

router = APIRouter()


@router.get("/asyncapi.json", summary="Get the AsyncAPI document", responses=problems(), tags=["pipelines"])
async def get_asyncapi(services: ServicesOf) -> dict[str, Any]:
    """AsyncAPI 3.0: the topics, records and consumer groups of all pipelines that are served."""
    return asyncapi_document(served.plan for served in services.links.pipelines.values())


@router.get("/docs", include_in_schema=False)
async def get_docs(request: Request) -> Response:
    """The documentation page."""
    headers = {"Content-Security-Policy": CONTENT_SECURITY_POLICY, "X-Frame-Options": "DENY"}
    return HTMLResponse(docs_page(request.app.openapi()), headers=headers)


@router.get(STYLE_PATH, include_in_schema=False)
async def get_style() -> Response:
    """The page's style sheet."""
    return Response(STYLE, media_type="text/css")
