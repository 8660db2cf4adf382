"""The logger for librdkafka's messages."""

from darkroom.kafka.client_logger import client_logger

KAFKA_LOGGER = client_logger("librdkafka")
