"""librdkafka's messages in the log."""

import logging

from darkroom.kafka.client_logger import WithoutRepetitions, client_logger


def record(message: str) -> logging.LogRecord:
    return logging.LogRecord("librdkafka", logging.ERROR, "", 0, message, None, None)


def test_a_message_that_differs_in_its_duration_only_is_logged_once_in_thirty_seconds() -> None:
    now = 100.0
    without_repetitions = WithoutRepetitions(lambda: now)
    refused = "ssl://b1:9093/bootstrap: SSL handshake failed (after {}ms in state SSL_HANDSHAKE)"

    assert without_repetitions.filter(record(refused.format(13)))
    assert not without_repetitions.filter(record(refused.format(7)))
    assert without_repetitions.filter(record(refused.format(7).replace("b1", "b2")))
    now += 31
    assert without_repetitions.filter(record(refused.format(5)))
    assert not without_repetitions.filter(record(refused.format(4)))


def test_a_logger_gets_its_filter_once() -> None:
    logger = client_logger("librdkafka.test")

    assert client_logger("librdkafka.test") is logger
    assert len(logger.filters) == 1
