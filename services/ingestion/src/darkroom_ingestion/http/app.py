"""The application: routes, errors and middleware."""

import logging
from collections.abc import Sequence
from pathlib import Path

import structlog
from fastapi import FastAPI
from pydantic.json_schema import models_json_schema
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Scope

from darkroom_ingestion.http import errors
from darkroom_ingestion.http.console_files import BUILT_CONSOLE, ConsoleFiles
from darkroom_ingestion.http.context import Services
from darkroom_ingestion.http.documents.live import Batch
from darkroom_ingestion.http.middleware.checked import Checked
from darkroom_ingestion.http.middleware.head import HeadAsGet
from darkroom_ingestion.http.middleware.instrumented import Instrumented
from darkroom_ingestion.http.middleware.loopback import LoopbackGuard
from darkroom_ingestion.http.pictures.recent_thumbnails import RecentThumbnails
from darkroom_ingestion.http.problems import Problem
from darkroom_ingestion.http.requests.checks import Checks
from darkroom_ingestion.http.routes import (
    dead_letters,
    docs,
    events,
    images,
    login,
    operations,
    pipelines,
    post_images,
    redrives,
    results,
    session,
    status,
)
from darkroom_ingestion.http.routes.console import files, live, thumbnails
from darkroom_ingestion.http.routes.explore import counts, export
from darkroom_ingestion.http.routes.explore import images as images_list
from darkroom_ingestion.http.server.protocol import AtOnce, IfGone, PassOn, Respond
from darkroom_ingestion.http.uploads.arrived_uploads import ArrivedUploads
from darkroom_ingestion.http.uploads.plain_uploads import PlainUploads

log = structlog.get_logger("darkroom.ingestion.http")

_ROUTES = (
    post_images,
    images,
    results,
    counts,
    images_list,
    export,
    events,
    dead_letters,
    redrives,
    pipelines,
    status,
    operations,
    session,
    login,
    docs,
    files,
    live,
    thumbnails,
)
_CORS_REQUEST_HEADERS = [
    *(
        "Authorization",
        "Content-Type",
        "Idempotency-Key",
        "If-None-Match",
        "If-Range",
        "Last-Event-ID",
        "Prefer",
        "Range",
    ),
    *("traceparent", "tracestate", "X-Request-Id"),
]
_CORS_RESPONSE_HEADERS = [
    *("Accept-Ranges", "Content-Range", "ETag", "Location", "Preference-Applied", "Retry-After", "X-Request-Id"),
]
_ABOUT = """
Send images to pipelines and read their results. `POST` an image to get its id once Kafka has acknowledged it; get its
results, list those of all images, or follow them live. Every error is a problem document (RFC 9457).
"""


def create_app(
    *, cors_origins: Sequence[str] = (), on_loopback: bool = False, console: Path = BUILT_CONSOLE
) -> FastAPI:
    """The application. Call `serve` before it handles requests.

    Args:
        cors_origins: origins whose pages may use the API from a browser.
        on_loopback: whether only this machine can reach the service. Then requests by pages of other sites are refused.
        console: folder of the built web console.
    """
    app = FastAPI(
        title="Darkroom ingestion",
        version="1",
        description=_ABOUT,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        docs_url=None,
        redoc_url=None,
    )
    errors.install(app)
    for module in _ROUTES:
        app.include_router(module.router)
    app.state.console = ConsoleFiles(console)
    app.add_middleware(HeadAsGet)
    if on_loopback:
        app.add_middleware(LoopbackGuard, origins=cors_origins)
    _describe_schemas(app)
    return app


def as_served(app: FastAPI, checks: Checks, *, cors_origins: Sequence[str] = (), on_loopback: bool = False) -> ASGIApp:
    """The application as a server calls it: callers are checked, and plain uploads handled, before the framework."""
    whole: ASGIApp = PlainUploads(app, app.state, local_hosts_only=on_loopback)
    if not checks.is_empty:
        whole = Checked(whole, checks)
    if cors_origins:
        # Pages may read refusals too, and browsers ask for permission without a credential.
        whole = CORSMiddleware(
            whole,
            allow_origins=cors_origins,
            allow_methods=["GET", "HEAD", "POST", "DELETE"],
            allow_headers=_CORS_REQUEST_HEADERS,
            expose_headers=_CORS_RESPONSE_HEADERS,
        )
    return Instrumented(whole, app.state)


def at_once(app: FastAPI, checks: Checks, *, on_loopback: bool) -> AtOnce | None:
    """What handles plain uploads, and thumbnails of recent images, before the application `as_served` does.

    Their debug lines would not have their ids, so at that level they are for the application too.
    """
    if log.is_enabled_for(logging.DEBUG):
        return None
    uploads = ArrivedUploads(app.state, checks, local_hosts_only=on_loopback)
    recent = RecentThumbnails(app.state, checks, local_hosts_only=on_loopback)

    def handle(scope: Scope, body: bytes, respond: Respond, pass_on: PassOn, if_gone: IfGone) -> bool:
        by_method = uploads if scope["method"] == "POST" else recent
        return by_method(scope, body, respond, pass_on, if_gone)

    return handle


def create_probe_app() -> FastAPI:
    """Only health, readiness and metrics, for a separate listener. Call `serve` as for `create_app`."""
    app = FastAPI(openapi_url=None)
    errors.install(app)
    app.include_router(operations.probes)
    return app


def serve(app: FastAPI, services: Services) -> None:
    """Set the services that the application's routes use."""
    app.state.services = services


def _describe_schemas(app: FastAPI) -> None:
    """Add the schemas that no JSON response of a route has, and remove those of the framework's errors."""
    generate = app.openapi
    _, definitions = models_json_schema(
        [(Problem, "serialization"), (Batch, "serialization")], ref_template="#/components/schemas/{model}"
    )

    def openapi() -> dict[str, object]:
        if app.openapi_schema is None:
            document = generate()
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            for name, schema in definitions["$defs"].items():
                schemas.setdefault(name, schema)
            for name in ("HTTPValidationError", "ValidationError"):
                schemas.pop(name, None)
            document["components"]["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
            document["security"] = [{}, {"bearer": []}]
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
