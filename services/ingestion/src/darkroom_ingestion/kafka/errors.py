"""The errors of Kafka clients, for rooms that have none."""

from confluent_kafka import KafkaException

from darkroom.kafka.connection import UnreadableCredentials

CLIENT_NOT_CREATED = (UnreadableCredentials, KafkaException)
"""What the creation of a client raises: credentials that can't be read, settings that librdkafka refuses."""
