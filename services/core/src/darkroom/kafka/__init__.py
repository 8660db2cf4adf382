"""Kafka as Darkroom uses it: connections, clients' settings, topics."""
