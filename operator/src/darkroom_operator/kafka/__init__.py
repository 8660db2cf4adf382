"""Topics and credentials: from Strimzi, or through Kafka's Admin API."""
