"""A Kafka named by bootstrapServers: topics through the Admin API, credentials from the user's Secrets."""
