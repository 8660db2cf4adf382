"""A client for the ingestion service."""
