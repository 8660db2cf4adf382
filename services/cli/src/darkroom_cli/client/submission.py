"""Submitting images in parallel, with retries; each is accepted exactly once."""

import time
import uuid
from collections.abc import Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from darkroom.errors import DarkroomError
from darkroom_cli.client.image_files import content_type
from darkroom_cli.client.pipelines import Served
from darkroom_cli.client.service import Document, Refused, Service
from darkroom_cli.exit_codes import Unreachable

_POLL_S = 0.2
_LONGEST_WAIT_S = 20
"""The longest wait of one request. A longer wait is split into several, so that proxies do not time out."""


@dataclass(frozen=True)
class Submission:
    """How to send images: the pipeline, the ordering key, and how long to wait for results."""

    pipeline: Served
    key: str | None = None
    wait_s: float = 0.0


@dataclass(frozen=True)
class Sent:
    """The outcome for one file.

    Attributes:
        document: the service's response; None if it did not accept the image.
        problem: why it did not accept the image, or why there are no results.
        seconds: time from the first byte sent to the last response.
        unreachable: whether the problem is that the service did not respond.
    """

    file: Path
    document: Document | None
    problem: str | None
    seconds: float
    unreachable: bool = False

    @property
    def state(self) -> str:
        """The image's state, as far as it is known."""
        if self.document is None:
            return "Refused"
        return str(self.document.get("state", "Received"))


def submit(service: Service, submission: Submission, files: Sequence[Path], parallel: int) -> Generator[Sent]:
    """Send `files`, `parallel` at a time. Yields the outcome for each as soon as it is known."""
    waiting = iter(files)
    pending: set[Future[Sent]] = set()
    with ThreadPoolExecutor(parallel, thread_name_prefix="submit") as pool:
        try:
            while True:
                # Only a few are in the pool at a time, so that an interruption takes effect immediately.
                while len(pending) < 2 * parallel and (file := next(waiting, None)) is not None:
                    pending.add(pool.submit(_send, service, submission, file))
                if not pending:
                    return
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _send(service: Service, submission: Submission, file: Path) -> Sent:
    started = time.monotonic()
    document: Document | None = None
    try:
        document = _post(service, submission, file)
        if submission.wait_s:
            document = _await_results(service, submission, document, started + submission.wait_s)
    except (DarkroomError, OSError) as error:
        problem = f"can't be read: {error.strerror}" if isinstance(error, OSError) else str(error)
        return Sent(file, document, problem, time.monotonic() - started, isinstance(error, Unreachable))
    return Sent(file, document, None, time.monotonic() - started)


def _post(service: Service, submission: Submission, file: Path) -> Document:
    size, most = file.stat().st_size, submission.pipeline.max_bytes
    if most is not None and size > most:
        raise DarkroomError(f"{size} bytes, but {submission.pipeline} accepts images of at most {most} (maxBytes)")
    content = file.read_bytes()
    headers = {
        "Content-Type": content_type(file, content),
        # The service recognises a repeated request by this key, so a retry can't submit the image twice.
        "Idempotency-Key": uuid.uuid4().hex,
    }
    if submission.wait_s:
        headers["Prefer"] = f"wait={max(1, min(_LONGEST_WAIT_S, int(submission.wait_s)))}"
    params = {"key": submission.key} if submission.key is not None else None
    path = f"{submission.pipeline.path}/images"
    answer: Document = service.send("POST", path, resend=True, content=content, headers=headers, params=params).json()
    return answer


def _await_results(service: Service, submission: Submission, document: Document, deadline: float) -> Document:
    """The image's document once every stage has a result or a failure, or the deadline has passed."""
    path = f"{submission.pipeline.path}/images/{document['id']}"
    while document.get("state", "Received") == "Received" and time.monotonic() < deadline:
        time.sleep(_POLL_S)
        try:
            document = service.send("GET", path, resend=True).json()
        except Refused as refused:
            # The service sends the response before its store has the image.
            if refused.status != HTTPStatus.NOT_FOUND:
                raise
    if document.get("state", "Received") == "Received":
        raise DarkroomError(
            f"not every stage returned a result within {submission.wait_s:.0f} s; the image is stored in Kafka"
        )
    return document
