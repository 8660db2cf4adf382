"""The catalog of a service that runs in a cluster: ImagePipelines as the API server has them, and their Kafkas."""
