"""A Kafka that Strimzi manages: KafkaTopics, KafkaUsers and their Secrets."""
