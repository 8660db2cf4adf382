"""The catalog: the pipelines that the service serves."""
