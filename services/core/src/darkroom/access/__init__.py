"""Token files of the ingestion service, and the rights that they give."""
