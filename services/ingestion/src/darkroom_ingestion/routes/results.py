"""GET results: newest first, page by page."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from darkroom_ingestion.cursors import MAX_LENGTH, read_result_cursor, write_cursor
from darkroom_ingestion.documents import ResultsPage
from darkroom_ingestion.routes.described import (
    PageSize,
    Served,
    ServicesOf,
    StageFilter,
    document,
    json_answer,
    problems,
)
from darkroom_ingestion.store.queries import results_page
from darkroom_ingestion.store.rows import storable
from darkroom_ingestion.times import rfc3339

router = APIRouter(tags=["results"])

After = Annotated[str | None, Query(max_length=MAX_LENGTH, description="The `next` of the page before.")]


@router.get(
    "/v1/pipelines/{namespace}/{name}/results",
    summary="Results, newest first",
    response_class=Response,
    responses={**document(ResultsPage, "A page of results."), **problems(404, 422, 503)},
)
async def get_results(
    services: ServicesOf,
    served: Served,
    after: After = None,
    stage: StageFilter = None,
    label: Annotated[
        str | None, Query(max_length=1_000, description="Only where the best prediction is this.", examples=["seven"])
    ] = None,
    limit: PageSize = 100,
) -> Response:
    """The data of analyzed events. `next` leads to older ones; results that come meanwhile do not shift the pages."""
    start = read_result_cursor(after)
    chosen = {"stage": _clean(stage), "label": _clean(label)}
    page, following = await services.database.reading(
        lambda c: results_page(c, served.key, after=start, limit=limit, **chosen)
    )
    results = [result.data | {"analyzedAt": rfc3339(result.at_ms)} for result in page]
    return json_answer({"results": results, "next": write_cursor(following)})


def _clean(text: str | None) -> str | None:
    return None if text is None else storable(text)
