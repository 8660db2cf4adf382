"""Kafka as the service uses it: publishing, reading single records, topic metadata."""
