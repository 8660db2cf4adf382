"""The live events of a pipeline, resumed after a lost connection."""

import json
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx

from darkroom.events import labels_of
from darkroom_cli.client.pipelines import Served
from darkroom_cli.client.retries import delay_s, retry_after_s
from darkroom_cli.client.server_sent_events import ServerSentEvent, events
from darkroom_cli.client.service import Document, Service, refusal
from darkroom_cli.exit_codes import Unreachable

_SILENCE_S = 60.0
"""The service sends comments more often than this: after a longer pause, the connection is broken."""

_TRIES = 8
_STEADY_S = 60.0
"""A stream that lasted so long was no failure: the service ends streams when their token expires."""


@dataclass(frozen=True)
class Filter:
    """Selects results by stage and label."""

    stage: str | None = None
    label: str | None = None

    def wants(self, event: Document) -> bool:
        """Whether the filter selects `event`. A failure has no label."""
        return self.stage in {None, event["stage"]} and (self.label is None or self.label in labels_of(event))


def follow_results(
    service: Service, pipeline: Served, wanted: Filter, on_interruption: Callable[[str], None]
) -> Iterator[Document]:
    """Yield new results and failures, until the caller stops. Documents of failures have a `reason`.

    Args:
        service: the service of the pipeline.
        pipeline: the pipeline to follow.
        wanted: selects the results to yield.
        on_interruption: called with a line of text before every reconnection.

    Raises:
        Unreachable: the service did not respond for too long.
        Refused: the service rejects the request.
    """
    last_id: str | None = None
    failures = 0
    while True:
        asked_for_s = None
        opened = time.monotonic()
        try:
            for event in _stream(service, f"{pipeline.path}/events", last_id):
                failures = 0
                last_id = event.id or last_id
                document: Document = json.loads(event.data)
                if event.name in {"analyzed", "failed"} and wanted.wants(document):
                    yield document
            reason = "the service closed the event stream"
        except httpx.TransportError as error:
            reason = str(error) or type(error).__name__
        except _Busy as busy:
            reason, asked_for_s = str(busy), busy.retry_after_s
        except Unreachable as error:
            reason = str(error)  # of the API server, asked for a new token
        failures = 1 if time.monotonic() - opened > _STEADY_S else failures + 1
        if failures > _TRIES:
            raise Unreachable(f"{service.url}: {reason} (tried {_TRIES} times)")
        delay = delay_s(failures, asked_for_s, random.random())
        on_interruption(f"{reason}; reconnecting in {delay:.1f} s")
        time.sleep(delay)


class _Busy(Exception):
    """The service can't serve the event stream at the moment."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__(f"the service responded with {response.status_code}")
        self.retry_after_s = retry_after_s(response.headers, datetime.now(UTC))


def _stream(service: Service, path: str, last_id: str | None) -> Iterator[ServerSentEvent]:
    headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": last_id} if last_id is not None else {})
    timeout = httpx.Timeout(_SILENCE_S, connect=5.0)
    with service.http.stream("GET", path, headers=headers, timeout=timeout) as response:
        if response.status_code in {429, 503}:
            raise _Busy(response)
        if response.is_error:
            response.read()
            raise refusal(response)
        yield from events(line.rstrip("\r\n") for line in response.iter_lines())
