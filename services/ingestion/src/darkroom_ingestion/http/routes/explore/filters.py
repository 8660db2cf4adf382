"""The filters of images, counts and exports."""

from typing import Annotated

from fastapi import Depends, Query

from darkroom_ingestion.http.problems import invalid
from darkroom_ingestion.http.routes.described import MAX_KEY_LENGTH, StageFilter
from darkroom_ingestion.records.text import storable
from darkroom_ingestion.store.explore.candidates import ImageFilter, State
from darkroom_ingestion.store.result_rows import stored_label
from darkroom_ingestion.times import parse_ms

LabelFilter = Annotated[
    str | None,
    Query(
        max_length=1_000,
        description="Only results with this label: of any object, or the best class.",
        examples=["seven"],
    ),
]
FromFilter = Annotated[
    str | None,
    Query(
        alias="from", max_length=40, description="At or after this time (RFC 3339).", examples=["2026-11-23T12:00:00Z"]
    ),
]
ToFilter = Annotated[
    str | None,
    Query(alias="to", max_length=40, description="Before this time (RFC 3339).", examples=["2026-11-23T13:00:00Z"]),
]


def time_of(name: str, text: str | None) -> int | None:
    """The milliseconds since 1970 of the parameter `name`.

    Raises:
        HttpProblem: 422 if it is not a time.
    """
    at_ms = None if text is None else parse_ms(text)
    if text is not None and at_ms is None:
        raise invalid(f"{name}: {text!r} is not an RFC 3339 time such as 2026-11-23T12:00:00Z")
    return at_ms


async def image_filter(
    *,
    stage: StageFilter = None,
    label: LabelFilter = None,
    min_score: Annotated[
        float | None,
        Query(alias="minScore", allow_inf_nan=False, description="At least this score, of `label` or the best object."),
    ] = None,
    max_score: Annotated[
        float | None, Query(alias="maxScore", allow_inf_nan=False, description="At most this score.")
    ] = None,
    state: Annotated[
        State | None, Query(description="Only this state; with `stage`, as if it were the only one.")
    ] = None,
    reason: Annotated[str | None, Query(max_length=1_000, description="Only failures with this reason.")] = None,
    key: Annotated[str | None, Query(max_length=MAX_KEY_LENGTH, description="Only images with this key.")] = None,
    start: FromFilter = None,
    end: ToFilter = None,
) -> ImageFilter:
    """The filter in a request's parameters.

    Raises:
        HttpProblem: 422 for a parameter that is not valid.
    """
    return ImageFilter(
        stage=None if stage is None else storable(stage),
        label=None if label is None else stored_label(label),
        min_score=min_score,
        max_score=max_score,
        state=state,
        reason=None if reason is None else storable(reason),
        key=None if key is None else storable(key),
        from_ms=time_of("from", start),
        to_ms=time_of("to", end),
    )


ImagesFilter = Annotated[ImageFilter, Depends(image_filter)]
