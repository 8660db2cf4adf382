"""Health, readiness, metrics, and the schemas of events."""

from typing import Any

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response

from darkroom.events import json_schemas
from darkroom_ingestion.http.all_processes import liveness, metrics_of, readiness
from darkroom_ingestion.http.documents.health import Check, Health
from darkroom_ingestion.http.problems import HttpProblem
from darkroom_ingestion.http.routes.described import ServicesOf, problems

probes = APIRouter(tags=["operations"])
"""Routes that the listener for probes has too."""
router = APIRouter()


@probes.get("/healthz", summary="Liveness", response_model=Health, responses=problems(503))
async def healthz(services: ServicesOf) -> Any:
    """Fails only if a restart would help."""
    checks = await liveness(services)
    _raise_unless_ok(checks, "not-healthy", "Not healthy")
    return Health(status="ok", checks=checks)


@probes.get("/readyz", summary="Readiness", response_model=Health, responses=problems(503))
async def readyz(services: ServicesOf) -> Any:
    """One check for each dependency."""
    checks = await readiness(services)
    _raise_unless_ok(checks, "not-ready", "Not ready")
    return Health(status="ready", checks=checks)


@probes.get(
    "/metrics",
    summary="Metrics in the Prometheus text format",
    response_class=Response,
    responses={
        200: {"description": "Every metric.", "content": {"text/plain": {"schema": {"type": "string"}}}},
        **problems(),
    },
)
async def metrics(services: ServicesOf) -> Response:
    """Metrics for Prometheus."""
    return Response(generate_latest(await metrics_of(services)), media_type=CONTENT_TYPE_LATEST)


@router.get(
    "/v1/schemas", summary="Get the JSON schemas of events, by type", responses=problems(401), tags=["pipelines"]
)
async def schemas() -> dict[str, dict[str, Any]]:
    """One schema for each type of event whose data is JSON."""
    return json_schemas()


router.include_router(probes)


def _raise_unless_ok(checks: list[Check], kind: str, title: str) -> None:
    failing = [check for check in checks if check.required and not check.ok]
    if failing:
        raise HttpProblem(
            503,
            kind,
            title,
            "; ".join(f"{check.name}: {check.message}" for check in failing),
            headers={"Retry-After": "2"},
            extra={"checks": [check.model_dump(by_alias=True) for check in checks]},
        )
