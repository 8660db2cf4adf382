"""The command line: pipelines on one machine, and a client of the ingestion service."""
