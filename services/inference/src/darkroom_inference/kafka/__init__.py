"""Kafka as a worker uses it: clients, offsets, publishing, delivery guarantees."""
