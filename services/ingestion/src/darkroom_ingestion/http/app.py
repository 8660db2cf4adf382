"""The application: its routes, its errors, what is around every request."""

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from darkroom_ingestion.http import problems
from darkroom_ingestion.http.instrumented import Instrumented
from darkroom_ingestion.http.problems import Problem, store_unavailable, unavailable
from darkroom_ingestion.http.routes import dead_letters, events, images, operations, pipelines, post_images, results
from darkroom_ingestion.kafka.log_admin import KafkaAway
from darkroom_ingestion.services import Services
from darkroom_ingestion.store.database import StoreUnavailable

_ABOUT = """
Images in, answers out. `POST` an image and get its id once Kafka has it; ask for its results, page through all of
them, or follow them live. Every error is a problem document (RFC 9457).
"""


def create_app() -> FastAPI:
    """The application; `app.state.services` is to be set before it serves."""
    app = FastAPI(
        title="Darkroom ingestion",
        version="1",
        description=_ABOUT,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        redoc_url=None,
    )
    problems.install(app)
    app.add_exception_handler(StoreUnavailable, _store_unavailable)
    app.add_exception_handler(KafkaAway, _kafka_away)
    for module in (post_images, images, results, events, dead_letters, pipelines, operations):
        app.include_router(module.router)
    app.add_middleware(Instrumented)
    _describe_problems(app)
    return app


def serve(app: FastAPI, services: Services) -> None:
    """Give the application what it works with."""
    app.state.services = services


async def _store_unavailable(request: Request, error: Exception) -> Response:
    return problems.answer(store_unavailable(str(error)), request.url.path)


async def _kafka_away(request: Request, error: Exception) -> Response:
    return problems.answer(unavailable("kafka-unavailable", "Kafka is not available", str(error)), request.url.path)


def _describe_problems(app: FastAPI) -> None:
    """Put the problem document into the OpenAPI document, in place of the framework's own error."""
    generate = app.openapi

    def openapi() -> dict[str, object]:
        if app.openapi_schema is None:
            document = generate()
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            schemas[Problem.__name__] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            for name in ("HTTPValidationError", "ValidationError"):
                schemas.pop(name, None)
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
