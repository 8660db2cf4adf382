"""GET …/results: the results, newest first, in pages."""

import json
from json.encoder import encode_basestring_ascii
from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlalchemy import Connection
from starlette.responses import Response

from darkroom_ingestion.http.documents.base import EXAMPLE_ID
from darkroom_ingestion.http.documents.results import ResultsPage
from darkroom_ingestion.http.requests.cursors import MAX_LENGTH, read_result_cursor, write_cursor
from darkroom_ingestion.http.responses.download import Download
from darkroom_ingestion.http.routes.described import PageSize, Served, ServicesOf, StageFilter, document, problems
from darkroom_ingestion.records.text import storable
from darkroom_ingestion.store.queries import StoredResult, results_page
from darkroom_ingestion.store.result_rows import stored_label
from darkroom_ingestion.times import rfc3339

router = APIRouter(tags=["results"])

_MAX_PAGE_BYTES = 8 * 2**20
_MOST_IMAGES = 100

After = Annotated[str | None, Query(max_length=MAX_LENGTH, description="The `next` of the previous page.")]


@router.get(
    "/v1/pipelines/{namespace}/{name}/results",
    summary="List results, newest first",
    response_class=Response,
    responses={**document(ResultsPage, "A page of results."), **problems(404, 422, 503)},
)
async def get_results(
    services: ServicesOf,
    served: Served,
    after: After = None,
    stage: StageFilter = None,
    label: Annotated[
        str | None,
        Query(
            max_length=1_000,
            description="Only results with this label: of any object, or the best class.",
            examples=["seven"],
        ),
    ] = None,
    image: Annotated[
        list[str] | None,
        Query(
            max_length=_MOST_IMAGES, description="Only results of this image; may be repeated.", examples=[[EXAMPLE_ID]]
        ),
    ] = None,
    max_characters: Annotated[
        int | None,
        Query(
            alias="maxCharacters",
            ge=1,
            le=2**31 - 1,
            description="Only results whose data in JSON is at most this long.",
        ),
    ] = None,
    limit: PageSize = 100,
) -> Response:
    """The data of analyzed events. `next` is the cursor of older results; new results do not shift the pages.

    A page has at most `limit` results, and fewer if they are large, or if a replay has replaced many: only `next` tells
    whether there are more.
    """
    start = read_result_cursor(after)
    chosen: dict[str, Any] = {
        "stage": None if stage is None else storable(stage),
        "label": None if label is None else stored_label(label),
        "image_ids": None if image is None else [storable(one) for one in image],
    }

    def work(connection: Connection) -> bytes:
        page, following = results_page(
            connection,
            served.key,
            after=start,
            limit=limit,
            max_bytes=_MAX_PAGE_BYTES,
            longest=max_characters,
            **chosen,
        )
        return _page(page, write_cursor(following))

    page = await services.database.reading(work)
    with services.memory.share_of_response() as share:
        share.hold(len(page))
        return Download(page, share, media_type="application/json")


def _page(page: list[StoredResult], following: str | None) -> bytes:
    """The document, assembled from the results' JSON text without parsing it, because a page may have megabytes."""
    results = ",".join(f"{result.data.rstrip().removesuffix('}')}, {_added(result)}}}" for result in page)
    return f'{{"results": [{results}], "next": {json.dumps(following)}}}'.encode()


def _added(result: StoredResult) -> str:
    return f'"analyzedAt": "{rfc3339(result.at_ms)}", "summary": {encode_basestring_ascii(result.summary)}'
