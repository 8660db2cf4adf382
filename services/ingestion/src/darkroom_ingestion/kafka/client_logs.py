"""The logger for librdkafka's messages."""

import logging

KAFKA_LOGGER = logging.getLogger("librdkafka")
