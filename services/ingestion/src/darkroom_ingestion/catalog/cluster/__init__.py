"""The catalog of a service in a cluster: the ImagePipelines of the API server, and their Kafka clusters."""
