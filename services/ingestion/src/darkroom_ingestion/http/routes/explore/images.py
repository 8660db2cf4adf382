"""GET …/images: the images that a filter selects, newest first, in pages."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from darkroom_ingestion.http.documents.explore import ImagesPage
from darkroom_ingestion.http.requests.cursors import MAX_LENGTH, read_image_cursor, write_cursor
from darkroom_ingestion.http.routes.described import Served, ServicesOf, document, json_answer, problems
from darkroom_ingestion.http.routes.explore.filters import ImagesFilter
from darkroom_ingestion.images.explore.pages import images_page

router = APIRouter(tags=["explore"])

After = Annotated[str | None, Query(max_length=MAX_LENGTH, description="The `next` of the previous page.")]


@router.get(
    "/v1/pipelines/{namespace}/{name}/images",
    summary="List images, newest first",
    response_class=Response,
    responses={**document(ImagesPage, "A page of images."), **problems(404, 422, 503)},
)
async def get_images(
    services: ServicesOf,
    served: Served,
    which: ImagesFilter,
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=250, description="Maximum number of images.")] = 100,
) -> Response:
    """Images with their state, and their results and failures in short.

    The list is ordered by `at`, which `from` and `to` apply to: the time of the result with `label`, `minScore` or
    `maxScore`; of the failure with `reason`, or with `state` Failed or PartlyFailed; otherwise, and with `key`, that at
    which the image was received. A page has fewer than `limit` images, or none, if the filter selects few of many:
    only `next` tells whether there are more.
    """
    start = read_image_cursor(after, which.listed_by)
    page, following = await services.database.reading(
        lambda connection: images_page(connection, served.key, which, served.stages, after=start, limit=limit)
    )
    return json_answer({"images": [one.document(served.stages) for one in page], "next": write_cursor(following)})
