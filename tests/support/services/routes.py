"""The routes of the ingestion service's HTTP API."""

import re
from collections.abc import Iterator, Sequence

from starlette.routing import BaseRoute, Route

from darkroom_ingestion.http.app import create_app


def all_routes() -> list[tuple[str, str]]:
    """The methods and paths of all routes, with `some` for every parameter."""
    return sorted(
        (method, re.sub(r"\{[^}]*\}", "some", route.path))
        for route in _flat(create_app().routes)
        for method in route.methods or ()
    )


def _flat(routes: Sequence[BaseRoute]) -> Iterator[Route]:
    for route in routes:
        if isinstance(route, Route):
            yield route
        else:
            yield from _flat(route.original_router.routes)  # type: ignore[attr-defined] - a router that was included
