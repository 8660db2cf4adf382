"""The ingestion service: an HTTP API that accepts images and serves their results."""
