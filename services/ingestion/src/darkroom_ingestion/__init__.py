"""The ingestion service: images in over HTTP, results out."""
