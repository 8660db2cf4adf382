"""The ingestion service compared with bare ASGI applications and with Strimzi's Kafka Bridge."""
