"""Loggers for librdkafka's messages. A message that is repeated within a short time is logged once."""

import logging
import re
import time
from collections.abc import Callable
from typing import Final

_PERIOD_S: Final = 30.0
_MOST_REMEMBERED: Final = 1_000
# Such as "SSL handshake failed: certificate verify failed (after 13ms in state SSL_HANDSHAKE)".
_DURATION = re.compile(r"\(after \d+ms in state")


class WithoutRepetitions(logging.Filter):
    """Drops a message that was logged less than `_PERIOD_S` ago. A refused client reconnects many times a second.

    Args:
        clock: in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._logged_at: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to log `record`."""
        message, now = _DURATION.sub("", record.getMessage()), self._clock()
        if now - self._logged_at.get(message, float("-inf")) < _PERIOD_S:
            return False
        if len(self._logged_at) >= _MOST_REMEMBERED:
            self._logged_at.clear()
        self._logged_at[message] = now
        return True


def client_logger(name: str) -> logging.Logger:
    """The logger `name` for the `logger` argument of confluent-kafka's clients."""
    logger = logging.getLogger(name)
    if not any(isinstance(present, WithoutRepetitions) for present in logger.filters):
        logger.addFilter(WithoutRepetitions())
    return logger
