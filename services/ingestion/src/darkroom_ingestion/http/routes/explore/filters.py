"""The filters of images, counts and exports."""

from typing import Annotated

from fastapi import Query

from darkroom_ingestion.http.problems import invalid
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
