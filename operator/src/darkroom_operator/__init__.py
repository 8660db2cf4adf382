"""The operator: ImagePipelines become topics, credentials and workers."""
