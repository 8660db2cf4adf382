"""GET /v1/pipelines: the pipelines and their links."""

from typing import Any

from fastapi import APIRouter

from darkroom_ingestion.catalog.served import ServedPipeline, Unserved
from darkroom_ingestion.http.documents.pipelines import PipelineList, PipelineNotServed, PipelineSummary
from darkroom_ingestion.http.routes.described import CallerOf, Served, ServicesOf, problems

router = APIRouter(tags=["pipelines"])


@router.get("/v1/pipelines", summary="List pipelines", response_model=PipelineList, responses=problems(401))
async def get_pipelines(services: ServicesOf, caller: CallerOf) -> Any:
    """All pipelines that are served, with their topics, stages and links, and why others are not.

    If the service checks its callers, those that the caller may read.
    """
    pipelines = services.links.pipelines
    readable = await services.access.readable(caller, [*pipelines, *pipelines.unserved])
    return PipelineList(
        pipelines=[summary(served) for key, served in pipelines.items() if key in readable],
        unserved=[_not_served(key, why) for key, why in sorted(pipelines.unserved.items()) if key in readable],
    )


@router.get(
    "/v1/pipelines/{namespace}/{name}",
    summary="Get a pipeline",
    response_model=PipelineSummary,
    responses=problems(404, 422, 503),
)
async def get_pipeline(served: Served) -> Any:
    """The pipeline's topics, stages and links."""
    return summary(served)


def _not_served(key: str, unserved: Unserved) -> PipelineNotServed:
    namespace, _, name = key.partition("/")
    return PipelineNotServed(namespace=namespace, name=name, cause=unserved.cause, reason=unserved.reason)


def summary(served: ServedPipeline) -> PipelineSummary:
    """The document of a pipeline."""
    return PipelineSummary.model_validate(
        {
            "namespace": served.pipeline.namespace,
            "name": served.pipeline.name,
            "imagesTopic": served.plan.images.name,
            "maxBytes": served.max_image_bytes,
            "suspended": served.pipeline.spec.suspend,
            "stages": [
                {
                    "name": stage.name,
                    "resultsTopic": stage.results.name,
                    "deadLettersTopic": stage.dead_letters.name,
                    "consumerGroup": stage.group,
                    "output": stage.spec.output.type,
                }
                for stage in served.plan.stages
            ],
            "links": {
                "self": served.path,
                "images": f"{served.path}/images",
                "results": f"{served.path}/results",
                "events": f"{served.path}/events",
                "status": f"{served.path}/status",
                "deadLetters": f"{served.path}/dead-letters",
            },
        }
    )
