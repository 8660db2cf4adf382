"""Plain uploads whose body has arrived with their head: without ASGI, and without a task.

A task with its coroutines, futures and events takes as long as all other work on such a request.
"""

from typing import TYPE_CHECKING

from starlette.types import Scope

from darkroom.logs import log_fields
from darkroom_ingestion.http.errors import problem_of
from darkroom_ingestion.http.exchange import EXCHANGE, Exchange
from darkroom_ingestion.http.middleware.instrumented import HEADER_LINES
from darkroom_ingestion.http.problems import answer
from darkroom_ingestion.http.requests.admission import admit
from darkroom_ingestion.http.requests.callers import byte_budget
from darkroom_ingestion.http.requests.checks import Checks
from darkroom_ingestion.http.server.protocol import IfGone, PassOn, Respond
from darkroom_ingestion.http.uploads.plain import ROUTE, accepted_response, plain_upload
from darkroom_ingestion.images.ids import new_image_id
from darkroom_ingestion.images.submission import Upload
from darkroom_ingestion.kafka.publisher import Ack, NotDelivered

if TYPE_CHECKING:
    from starlette.datastructures import State

_CONTENT_LENGTH = b"content-length"


class ArrivedUploads:
    """Publishes the images of plain uploads, and responds when Kafka has acknowledged them.

    Args:
        state: that of the application, with its services.
        checks: what the application checks too.
        local_hosts_only: whether the application refuses requests whose Host is not of this machine or its network.
    """

    def __init__(self, state: "State", checks: Checks, *, local_hosts_only: bool) -> None:
        self._state, self._checks, self._local_hosts_only = state, checks, local_hosts_only

    def __call__(self, scope: Scope, body: bytes, respond: Respond, _pass_on: PassOn, _if_gone: IfGone) -> bool:
        """Begin to handle a POST; False if it is for the application, as are those that are refused or must wait."""
        try:
            return self._begin(scope, body, respond)
        except Exception:  # noqa: BLE001 - the application meets the same error, and responds
            return False

    def _begin(self, scope: Scope, body: bytes, respond: Respond) -> bool:
        services, headers, size = self._state.services, dict(scope["headers"]), len(body)
        # The application goes on with this exchange, and with what was checked: nothing is decided or counted twice.
        exchange = scope[EXCHANGE] = Exchange(services, headers)
        if not self._checks.passes_now(scope, exchange.ids):
            return False
        plain = plain_upload(scope, headers, services.links.pipelines, local_hosts_only=self._local_hosts_only)
        if plain is None or size > plain.served.max_image_bytes:
            return False
        upload = Upload(body, admit(plain.content_type, body))
        budget = byte_budget(services, scope)
        if budget is not None and not budget.has(size):
            return False
        image_id = new_image_id()
        publication = services.submissions.publication(plain.served, image_id, upload, plain.sender(exchange))
        memory, topics = services.memory, services.submissions.topics

        def settled(outcome: Ack | NotDelivered) -> None:
            memory.take(-size, unread_body=False)
            if isinstance(outcome, Ack):
                status = 202
                lines, document = accepted_response(plain.served, publication.acknowledged(outcome))
            else:
                with log_fields(exchange.ids):
                    error = topics.refusal(plain.served, publication.record.topic, outcome)
                publication.failed(error)
                response = answer(problem_of(error), scope["path"])
                status, document = response.status_code, bytes(response.body)
                lines = b"".join(b"%b: %b\r\n" % pair for pair in response.raw_headers if pair[0] != _CONTENT_LENGTH)
            respond(status, lines + HEADER_LINES % exchange.request_id, document)
            exchange.end(scope, status)

        memory.take(size, unread_body=True)
        try:
            topics.begin(plain.served, publication.record, settled)
        except BaseException:
            memory.take(-size, unread_body=False)
            raise
        if budget is not None:
            budget.arrived(size)
        exchange.image_id = image_id
        scope["route"] = ROUTE
        return True
