"""The connections to each Kafka that pipelines use, and the hubs of their live feeds."""
