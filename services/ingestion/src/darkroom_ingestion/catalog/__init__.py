"""Which pipelines are served."""
