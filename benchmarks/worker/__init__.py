"""One worker with Kafka, compared with its parts without Kafka and with consumers that people write or install."""
