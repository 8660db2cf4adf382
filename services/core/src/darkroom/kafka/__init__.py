"""Kafka: connections, client settings, topics, offsets."""
