"""Topics and credentials: through Strimzi's resources, or through Kafka's Admin API."""
