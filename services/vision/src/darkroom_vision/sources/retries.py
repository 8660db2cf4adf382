"""Fetching again after failures that may pass."""

import time
from collections.abc import Callable
from typing import Final, TypeVar

import structlog

from darkroom.backoff import Backoff
from darkroom_vision.model.session import ModelError
from darkroom_vision.sources.failures import Busy, ModelUnavailable, Refused

log = structlog.get_logger(__name__)

T = TypeVar("T")

_TRIES: Final = 5


def fetch_patiently(what: str, uri: str, backoff: Backoff, fetch: Callable[[], T]) -> T:
    """What `fetch` returns. Calls it until it succeeds, at most five times.

    Args:
        what: the file's role, for errors, such as "model".
        uri: the file's URI, for errors.
        backoff: between attempts. A server may ask for a longer wait.
        fetch: raises Refused or a ModelError if another attempt would not help.

    Raises:
        ModelError: the file can't be fetched; says why and what to do.
    """
    left = _TRIES
    while True:
        left -= 1
        try:
            return fetch()
        except ModelError:
            raise
        except Refused as error:
            raise ModelUnavailable(f"{what} {uri}: {error}") from error
        except Exception as error:  # every HTTP client and file system raises its own exceptions
            reason = str(error) or type(error).__name__
            if not left:
                raise ModelUnavailable(f"{what} {uri}: can't be fetched: {reason} (tried {_TRIES} times)") from error
            log.warning("file can't be fetched, trying again", uri=uri, error=reason, tries_left=left)
            asked_s = error.retry_after_s if isinstance(error, Busy) else 0.0
            time.sleep(max(backoff.next_s(), asked_s))
