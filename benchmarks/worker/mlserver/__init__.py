"""MLServer on its Kafka path, with the same model and images."""
