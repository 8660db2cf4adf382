"""The clients of every Kafka cluster that pipelines use, and the hubs of the live feeds."""
