"""POST …/images: a single image, or a multipart body with several files."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response

from darkroom.access.right import Right
from darkroom.cloudevents import TRACE_HEADERS
from darkroom_ingestion.catalog.served import ServedPipeline
from darkroom_ingestion.http.audited import tell_audit
from darkroom_ingestion.http.context import Services
from darkroom_ingestion.http.documents.images import Accepted, AcceptedBatch, AnalyzedBatch, Image
from darkroom_ingestion.http.errors import problem_of
from darkroom_ingestion.http.exchange import EXCHANGE, Exchange
from darkroom_ingestion.http.problems import HttpProblem
from darkroom_ingestion.http.requests.admission import IMAGE_TYPES, admit, check_media_type
from darkroom_ingestion.http.requests.bodies import body_chunks, read_body, too_large
from darkroom_ingestion.http.requests.callers import byte_budget, limited_as
from darkroom_ingestion.http.requests.memory import MemoryShare
from darkroom_ingestion.http.requests.multipart import MAX_FILES, File, read_files
from darkroom_ingestion.http.requests.prefer import MAX_WAIT_S, wait_s
from darkroom_ingestion.http.routes.described import MAX_KEY_LENGTH, CallerOf, Served, ServicesOf, json_answer, problems
from darkroom_ingestion.images.idempotency import MAX_KEY_LENGTH as MAX_IDEMPOTENCY_KEY_LENGTH
from darkroom_ingestion.images.idempotency import KeyOfCaller
from darkroom_ingestion.images.submission import Sender, Upload
from darkroom_ingestion.images.waiting import Waiting
from darkroom_ingestion.records.answers import ReceivedImage
from darkroom_ingestion.store.idempotency_rows import KEPT_HOURS

router = APIRouter(tags=["images"])

Outcome = ReceivedImage | HttpProblem
Expect = Callable[[Sequence[str]], None]
GetHeader = Callable[[str], str | None]
"""Returns a header of the request, by its name in lower case."""

_MULTIPART = "multipart/form-data"
_MAX_TRACE_LENGTH = 1_024
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_BODY = {
    "required": True,
    "content": dict.fromkeys((*IMAGE_TYPES, "application/octet-stream"), _BINARY)
    | {
        _MULTIPART: {
            "schema": {
                "type": "object",
                "properties": {"file": {"type": "array", "items": _BINARY["schema"], "maxItems": MAX_FILES}},
                "required": ["file"],
            }
        }
    },
}
_PREFERENCE = {
    "Preference-Applied": {
        "description": "`wait=SECONDS`, if the preference was honoured.",
        "schema": {"type": "string"},
    }
}
_LOCATION = {"Location": {"description": "The path of the image's document.", "schema": {"type": "string"}}}


@dataclass(frozen=True)
class _Asked:
    """The parameters of the request."""

    sender: Sender
    wait_s: int | None


@router.post(
    "/v1/pipelines/{namespace}/{name}/images",
    summary="Send images",
    status_code=202,
    response_class=Response,
    responses={
        200: {
            "description": "With `Prefer: wait`: every stage has a result or has failed.",
            "headers": _LOCATION | _PREFERENCE,
            "model": Image | AnalyzedBatch,
        },
        202: {
            "description": "Kafka has acknowledged the image: every in-sync replica has it.",
            "headers": _LOCATION | _PREFERENCE,
            "model": Accepted | AcceptedBatch,
        },
        **problems(400, 404, 408, 409, 413, 415, 422, 503),
    },
    openapi_extra={"requestBody": _BODY},
)
async def post_images(
    request: Request,
    services: ServicesOf,
    caller: CallerOf,
    served: Served,
    key: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=MAX_KEY_LENGTH,
            description="Images with the same key keep their order.",
            examples=["camera-7"],
        ),
    ] = None,
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1,
            max_length=MAX_IDEMPOTENCY_KEY_LENGTH,
            description=f"Requests with the same key are accepted once. Keys are kept for {KEPT_HOURS} hours.",
        ),
    ] = None,
    prefer: Annotated[
        list[str] | None,
        Header(
            description=f"`wait=SECONDS` (at most {MAX_WAIT_S}): respond with the results if they are ready in time. "
            "Ignored if the caller may not read them."
        ),
    ] = None,
) -> Response:
    """Responds with 202 once Kafka has acknowledged the image (`acks=all`).

    The body is the image, or `multipart/form-data` with several files. The response to several files has the outcome of
    each; it is 202 if at least one was accepted. After a 503 the image may have been accepted: repeat the request with
    the same `Idempotency-Key`, so that it is accepted once.
    """
    exchange: Exchange = request.scope[EXCHANGE]
    trace = exchange.trace_headers(trace_headers(request.headers.get))
    seconds = wait_s(prefer or [])
    if seconds and not await services.access.may(caller, Right.READ, served.pipeline.namespace, served.pipeline.name):
        seconds = None
    once = idempotency_key and KeyOfCaller(served.key, caller.key, idempotency_key)
    asked = _Asked(Sender(key, once or None, trace, exchange.span, exchange.passed_on), seconds)
    content_type = request.headers.get("content-type")
    with services.memory.share() as share:
        if (content_type or "").partition(";")[0].strip().lower() == _MULTIPART:
            return await _many(request, services, served, asked, share)
        return await _one(request, services, served, asked, share)


async def _one(
    request: Request, services: Services, served: ServedPipeline, asked: _Asked, share: MemoryShare
) -> Response:
    check_media_type(request.headers.get("content-type"))
    with ExitStack() as stack:
        waiting = _waiting(request, services, served, asked, stack)
        upload = await read_upload(request, services, served, share)
        [outcome] = await _submit(services, served, [upload], asked, waiting.expect)
        share.release()
        if isinstance(outcome, HttpProblem):
            raise outcome
        tell_audit(request.scope, image=outcome.id)
        documents = await waiting.documents([outcome], asked.wait_s) if asked.wait_s else None
    headers = _headers(served, [outcome], asked)
    if documents is not None:
        return json_answer(documents[0], 200, headers)
    return json_answer(accepted(outcome), 202, headers)


async def read_upload(request: Request, services: Services, served: ServedPipeline, share: MemoryShare) -> Upload:
    """The image that is the body of a request.

    Raises:
        HttpProblem, LimitReached: it is not accepted.
    """
    body = await read_body(
        request.receive,
        request.headers.get("content-length"),
        limit=served.max_image_bytes,
        silence_s=services.settings.body_timeout_s,
        share=share,
        budget=byte_budget(services, request.scope),
    )
    return Upload(body, admit(request.headers.get("content-type"), body))


async def _many(
    request: Request, services: Services, served: ServedPipeline, asked: _Asked, share: MemoryShare
) -> Response:
    with ExitStack() as stack:
        waiting = _waiting(request, services, served, asked, stack)
        names, outcomes = await _submit_files(request, services, served, asked, share, waiting.expect)
        share.release()
        images = [outcome for outcome in outcomes if isinstance(outcome, ReceivedImage)]
        tell_audit(request.scope, count=len(images))
        wait = asked.wait_s and len(images) == len(outcomes)
        documents = await waiting.documents(images, asked.wait_s) if wait and asked.wait_s else None
    headers = _headers(served, outcomes, asked)
    if documents is not None:
        return json_answer({"images": documents}, 200, headers)
    listed = [_listed(name, outcome) for name, outcome in zip(names, outcomes, strict=True)]
    refusals = [outcome for outcome in outcomes if isinstance(outcome, HttpProblem)]
    if len(refusals) == len(outcomes):
        raise _all_refused(refusals, listed)
    return json_answer((listed[0] if len(outcomes) == 1 else {}) | {"images": listed}, 202, headers)


async def _submit_files(
    request: Request, services: Services, served: ServedPipeline, asked: _Asked, share: MemoryShare, expect: Expect
) -> tuple[list[str], list[Outcome]]:
    """Submit the files. Returns their names and outcomes, without the bodies."""
    limit = max(services.settings.batch_bytes, 2 * served.max_image_bytes)
    chunks = body_chunks(
        request.receive,
        request.headers.get("content-length"),
        limit=limit,
        silence_s=services.settings.body_timeout_s,
        share=None,
        budget=byte_budget(services, request.scope),
    )
    content_type = request.headers["content-type"]
    files = await read_files(content_type, chunks, max_file_bytes=served.max_image_bytes, share=share)
    admitted = [_admitted(file, served) for file in files]
    uploads = [upload for upload in admitted if isinstance(upload, Upload)]
    outcomes = iter(await _submit(services, served, uploads, asked, expect) if uploads else [])
    return [file.name for file in files], [
        upload if isinstance(upload, HttpProblem) else next(outcomes) for upload in admitted
    ]


def _waiting(request: Request, services: Services, served: ServedPipeline, asked: _Asked, stack: ExitStack) -> Waiting:
    if asked.wait_s:
        stack.enter_context(services.limits.holding("waiting", limited_as(request.scope)))
    return Waiting(services.links.hub(served), services.database, services.stopping, served, stack)


async def _submit(
    services: Services, served: ServedPipeline, uploads: Sequence[Upload], asked: _Asked, expect: Expect
) -> list[Outcome]:
    submitted = await services.submissions.submit(
        served, uploads, asked.sender, expect if asked.wait_s else lambda _: None
    )
    return [outcome if isinstance(outcome, ReceivedImage) else problem_of(outcome) for outcome in submitted]


def _admitted(file: File, served: ServedPipeline) -> Upload | HttpProblem:
    if file.too_large:
        return too_large(served.max_image_bytes)
    try:
        return Upload(file.body, admit(file.content_type, file.body))
    except HttpProblem as problem:
        return problem


def trace_headers(header: GetHeader) -> dict[str, str]:
    """The W3C Trace Context headers of the request, which the image's event has too."""
    return {name: value for name in TRACE_HEADERS if (value := header(name)) and len(value) <= _MAX_TRACE_LENGTH}


def location(served: ServedPipeline, image: ReceivedImage) -> str:
    """The path of the image's document."""
    return f"{served.path}/images/{image.id}"


def accepted(image: ReceivedImage) -> dict[str, Any]:
    """The document of an accepted image."""
    return {"id": image.id, "topic": image.topic, "partition": image.partition, "offset": image.offset}


def _listed(name: str, outcome: Outcome) -> dict[str, Any]:
    if isinstance(outcome, HttpProblem):
        return outcome.document() | {"file": name}
    return accepted(outcome)


def _all_refused(refusals: Sequence[HttpProblem], listed: list[dict[str, Any]]) -> HttpProblem:
    """One problem for all files: the first that a retry may resolve, else the first."""
    worst = next((refusal for refusal in refusals if refusal.status >= 500), refusals[0])  # noqa: PLR2004 - a server error
    return HttpProblem(
        worst.status,
        worst.kind,
        worst.title,
        worst.detail,
        headers=worst.headers,
        extra=worst.extra | {"images": listed},
    )


def _headers(served: ServedPipeline, outcomes: Sequence[Outcome], asked: _Asked) -> dict[str, str]:
    headers = {"Preference-Applied": f"wait={asked.wait_s}"} if asked.wait_s is not None else {}
    match outcomes:
        case [ReceivedImage() as image]:
            headers["Location"] = location(served, image)
    return headers
