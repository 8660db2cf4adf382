"""Errors of Kafka clients, for modules that do not import confluent_kafka."""

from confluent_kafka import KafkaException

from darkroom.kafka.connection import UnreadableCredentials

CLIENT_NOT_CREATED = (UnreadableCredentials, KafkaException)
"""The errors of creating a client: credentials that can't be read, settings that librdkafka refuses."""
